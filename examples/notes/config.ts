import type { Anchor } from 'namestead';

/** What the notes page is told when it starts. */
export interface NotesConfig {
  /** The wallet's page. */
  readonly wallet: string;
  /** Servers, which are asked and never believed. */
  readonly esplora: string;
  readonly node: string;
  readonly atlas: readonly string[];
  /**
   * What everything is checked against. It comes with the page, from where the app itself comes, and so outside the path of the servers
   * above: whoever can change it could change the app as well.
   */
  readonly anchor: Anchor;
}

/** What the wallet's page is told. */
export interface WalletConfig {
  /** Twelve words of a devnet, worth nothing. A real wallet keeps them sealed by a password (`sealWords`), and never on a server. */
  readonly words: string;
  readonly name: string;
  readonly hub: string;
}
