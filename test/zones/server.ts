import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { encodeResponse, parseCall, type XmlRpcValue } from '../../src/lib/xmlrpc.js';

/** A server on loopback for one test; answers its URL. */
export async function serve(handle: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  const server = createServer(handle);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A peer whose every method answers what `answer` gives, as JSON within XML-RPC. */
export function servePeer(answer: (method: string, params: readonly XmlRpcValue[]) => unknown): Promise<string> {
  return serve((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (part: string) => (body += part));
    request.on('end', () => {
      const { method, params } = parseCall(body);
      response.end(encodeResponse(JSON.stringify(answer(method, params))));
    });
  });
}
