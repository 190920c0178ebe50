import type { Anchor } from 'namestead';

/** What the page is told when it starts: servers, which are asked and never believed, and the anchor that everything is checked against. */
export interface ExplorerConfig {
  readonly electrumWs: string;
  readonly esplora: string;
  readonly node: string;
  readonly anchor: Anchor;
}
