import { answerAuthRequest, makeAuthRequest, session, verifyAuthRequest } from 'namestead';
import { localSession } from 'namestead/auth/localSession';
import { redirect } from 'namestead/auth/redirect';
import { systemClock } from 'namestead/clock';

const clock = systemClock();

export function app(authenticator, domain, ownerOf) {
  return { page: redirect({ authenticator }), session: session({ domain, store: localSession(), clock, ownerOf }) };
}

export function ask(fields, transit) {
  return makeAuthRequest(fields, transit, { clock });
}

export function answer(token, identity) {
  return answerAuthRequest(verifyAuthRequest(token, { clock }), identity, { clock });
}
