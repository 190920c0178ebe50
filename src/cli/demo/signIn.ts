import { allowLoopback, createClient, type Client } from '../../client.js';
import { loopback, type Loopback } from '../../auth/adapters/loopback.js';
import { answerAuthRequest } from '../../auth/answer.js';
import type { Channel } from '../../auth/channel.js';
import { verifyAuthRequest } from '../../auth/request.js';
import { memorySession } from '../../auth/session.js';
import { responseUrl, takeParameter } from '../../auth/transport.js';
import { systemClock } from '../../lib/adapters/clock.js';
import { isNamesteadError } from '../../lib/errors.js';
import { expectOk, http, parseJson } from '../../lib/http.js';
import { devnetPorts } from '../../devnet/presets.js';
import { gaia, readGaia } from '../../storage/adapters/gaia.js';
import { signedBy } from '../../storage/signed.js';
import type { Identity } from '../../wallet/wallet.js';
import type { Step } from '../transcript.js';
import type { App, Stage } from './stage.js';

/** Signs in over a loopback listener, as a program without pages does: the wallet's answer comes by HTTP. */
export async function signInApp(step: Step, stage: Stage, name: string): Promise<App> {
  const identity = await stage.wallet.identity(0);
  const wallet = await walletListener(stage, name, identity);
  try {
    const client = await appClient(stage, wallet);
    const user = await client.signIn({ scopes: ['store_write', 'publish_data'] });
    step.say(`${wallet.origin} asked, the wallet answered, the app checked the answer`, { origin: wallet.origin });
    step.say(`${user.username ?? '-'} belongs to ${user.identityAddress}, by the app's own proof`, {
      username: user.username,
      identityAddress: user.identityAddress,
    });
    step.say(`hub ${user.hubUrl}; the app has its own key`, { hub: user.hubUrl });
    const code = await refuseThief(stage, name, wallet.origin);
    step.say(`lie: somebody else's name         refused with ${code}`);
    step.note("lie: somebody else's name", { lie: "somebody else's name", code });
    return { origin: wallet.origin, client, user };
  } finally {
    await wallet.close();
  }
}

async function appClient({ devnet }: Stage, { origin, ask }: Pick<Loopback, 'origin' | 'ask'>): Promise<Client> {
  const clock = systemClock();
  const ports = devnetPorts(devnet.urls);
  return createClient({
    clock,
    http: http(),
    names: ports.names(await devnet.anchor()),
    zones: ports.zones,
    allowHost: allowLoopback,
    origin,
    session: memorySession(),
    channel: ask,
    bucket: (access) => gaia({ ...access, clock }),
    bucketOf: (url, address) => signedBy(readGaia({ url }), address),
  });
}

/** Mallory's wallet signs in with a name that is not his. */
async function refuseThief(stage: Stage, username: string, origin: string): Promise<string> {
  const mallory = await stage.wallet.identity(7);
  const ask: Channel = async (request, finish) => finish(await answer(request, stage, username, mallory));
  try {
    await (await appClient(stage, { origin, ask })).signIn();
  } catch (error) {
    if (isNamesteadError(error)) return error.code;
    throw error;
  }
  throw new Error("a sign-in with somebody else's name was believed");
}

/** What a wallet answers; where a person would be asked, this one agrees to everything. */
async function answer(token: string, { devnet }: Stage, username: string, identity: Identity): Promise<string> {
  const clock = systemClock();
  return answerAuthRequest(verifyAuthRequest(token, { clock }), identity, { clock, username, hubUrl: devnet.urls.hub });
}

/** The app's listener, and the wallet behind the URL that it opens: manifest, answer and redirect go by HTTP. */
async function walletListener(stage: Stage, username: string, identity: Identity): Promise<Loopback> {
  const clock = systemClock();
  const ask = http();
  return loopback({
    authenticator: 'http://127.0.0.1/wallet',
    open: async (url) => {
      const token = takeParameter(url, 'authRequest')?.token ?? '';
      const { manifestUri, redirectUri } = verifyAuthRequest(token, { clock });
      parseJson(expectOk(await ask(manifestUri), 'the manifest').body, 'the manifest');
      // As a browser: the listener sends it on to a page without the token in its URL.
      await fetch(responseUrl(redirectUri, await answer(token, stage, username, identity)));
    },
  });
}
