import { answerAuthRequest, declineUrl, http, openWallet, responseUrl, verifyAuthRequest, type AuthRequest } from 'namestead';
import { takeRequest } from 'namestead/auth/redirect';
import { systemClock } from 'namestead/clock';
import type { WalletConfig } from '../notes/config.js';
import { element, explain, make, show } from '../dom.js';

const clock = systemClock();

const scopes: Readonly<Record<string, string>> = {
  store_write: 'Keep its own files in your storage',
  publish_data: 'Tell in your profile where its files are (this wallet does not)',
  email: 'Know your e-mail address (this wallet knows none)',
};

/** The app's own word for itself: to be shown as such, beside the origin, which cannot be made up. */
async function appName({ manifestUri }: AuthRequest): Promise<string> {
  const { status, body } = await http()(manifestUri, { limit: 1 << 16, timeout: 5000 });
  const manifest: unknown = status === 200 ? JSON.parse(new TextDecoder().decode(body)) : null;
  const name: unknown = typeof manifest === 'object' && manifest !== null && 'name' in manifest ? manifest.name : null;
  return typeof name === 'string' && name !== '' ? name.slice(0, 60) : 'nothing';
}

async function start(): Promise<void> {
  const token = takeRequest();
  show(element('idle', HTMLElement), token === null);
  if (token === null) return;
  const request = verifyAuthRequest(token, { clock });
  const config = (await (await fetch('/config.json')).json()) as WalletConfig;
  const wallet = await openWallet(config.words);
  const identity = await wallet.identity(0);

  element('domain', HTMLElement).textContent = request.domain;
  element('app', HTMLElement).textContent = await appName(request).catch(() => 'nothing');
  element('scopes', HTMLUListElement).replaceChildren(
    ...request.scopes.map((scope) => make('li', {}, scopes[scope] ?? `“${scope}”, which this wallet does not know`)),
  );
  element('name', HTMLElement).textContent = config.name;
  element('address', HTMLElement).textContent = identity.address;
  element('avatar', HTMLElement).textContent = config.name.slice(0, 1).toUpperCase();

  const leave = (url: string): void => {
    // Replaced, so that the way back does not lead to a request that was answered.
    location.replace(url);
  };
  const allow = element('allow', HTMLButtonElement);
  const deny = element('deny', HTMLButtonElement);
  deny.onclick = () => {
    leave(declineUrl(request.redirectUri));
  };
  allow.onclick = () => {
    allow.disabled = deny.disabled = true;
    answerAuthRequest(request, identity, { clock, username: config.name, hubUrl: config.hub }).then((response) => {
      leave(responseUrl(request.redirectUri, response));
    }, complain);
  };
  show(element('request', HTMLElement), true);
}

function complain(error: unknown): void {
  const box = element('alert', HTMLElement);
  box.textContent = `This request was not answered: ${explain(error)}`;
  show(box, true);
}

start().catch(complain);
