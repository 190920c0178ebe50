import type { Receipt } from '../../names/bitcoin/plan.js';

/** A receipt as JSON tells it: satoshi as numbers, which hold every amount of Bitcoin there is. */
export interface Told {
  readonly operation: string;
  readonly name: string;
  readonly hash: string | null;
  readonly price: number;
  readonly fee: number;
  readonly txid: string;
  readonly height: number;
}

export function toTold({ operation, name, hash, price, fee, txid, height }: Receipt): Told {
  return { operation, name, hash, price: Number(price), fee: Number(fee), txid, height };
}

/** One line for people. */
export function lineOf({ operation, name, hash, price, fee, txid, height }: Told): string {
  const paid = price > 0 ? `, price ${price} sat` : '';
  return `${operation.padEnd(18)} ${name}  block ${height}, fee ${fee} sat${paid}\n     hash ${hash ?? '-'}\n     txid ${txid}`;
}
