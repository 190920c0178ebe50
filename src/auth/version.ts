/** True when `version` is `least` or later, number by number; peers compare each part for itself and so take 2.0.0 for older than 1.1.0. */
export function isAtLeast(version: unknown, least: string): boolean {
  const [own, other] = [numbers(version), numbers(least)];
  if (own === null || other === null) return false;
  const at = other.findIndex((number, i) => number !== (own[i] ?? 0));
  return at < 0 || (own[at] ?? 0) > (other[at] ?? 0);
}

function numbers(version: unknown): readonly number[] | null {
  return typeof version === 'string' && /^\d{1,6}(\.\d{1,6}){0,3}$/.test(version) ? version.split('.').map(Number) : null;
}
