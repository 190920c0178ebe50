/** Maps with at most `width` calls under way; results keep their order. The first failure ends it, and nothing new is started. */
export async function inParallel<T, R>(items: readonly T[], width: number, map: (item: T, index: number) => Promise<R>): Promise<R[]> {
  const out: R[] = [];
  const entries = items.entries();
  let failed = false;
  const work = async (): Promise<void> => {
    for (const [index, item] of entries) {
      try {
        out[index] = await map(item, index);
      } catch (error) {
        failed = true;
        throw error;
      }
      if (failed) return;
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, work));
  return out;
}
