/** Bytes gathered in a room that serves again: rows are many and small. */
export interface RowWriter {
  readonly size: number;
  byte(value: number): void;
  /** Seven bits a byte, lowest first. */
  varint(value: number): void;
  add(part: Uint8Array): void;
  /** Lower-case digits of whole bytes, as the caller made sure. */
  hex(text: string): void;
  /** What was written since `from`, cut off the end. */
  cut(from: number): Uint8Array;
}

export function rowWriter(): RowWriter {
  let room = new Uint8Array(64);
  let size = 0;
  const need = (more: number): void => {
    if (size + more <= room.length) return;
    const larger = new Uint8Array(2 * room.length + more);
    larger.set(room);
    room = larger;
  };
  const byte = (value: number): void => {
    need(1);
    room[size++] = value;
  };
  return {
    get size() {
      return size;
    },
    byte,
    varint: (value) => {
      let rest = value;
      for (; rest > 127; rest = Math.floor(rest / 128)) byte((rest % 128) + 128);
      byte(rest);
    },
    add: (part) => {
      need(part.length);
      room.set(part, size);
      size += part.length;
    },
    hex: (text) => {
      need(text.length / 2);
      for (let at = 0; at < text.length; at += 2) room[size++] = (valueOf(text.charCodeAt(at)) << 4) | valueOf(text.charCodeAt(at + 1));
    },
    cut: (from) => {
      const bytes = room.slice(from, size);
      size = from;
      return bytes;
    },
  };
}

function valueOf(digit: number): number {
  return digit < 58 ? digit - 48 : digit - 87;
}
