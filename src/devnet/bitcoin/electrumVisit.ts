/** The largest message a client may send: a standard transaction in hex fits. */
export const MOST_MESSAGE = 2_000_000;

/** A client that has come: how it is sent a message; answers what is done with its own, and when it has gone. */
export type Visit = (send: (text: string) => void) => {
  readonly message: (text: string) => Promise<void>;
  readonly gone: () => void;
};

/** Serves messages on loopback. */
export interface MessageServer {
  readonly port: number;
  close(): Promise<void>;
}
