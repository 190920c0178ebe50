import type { Clock } from '../lib/clock.js';
import { publicKeyOf } from '../lib/key.js';
import type { Identity } from '../wallet/wallet.js';
import { makeAssociationToken } from './association.js';
import type { AuthRequest } from './request.js';
import { makeAuthResponse } from './response.js';
import type { AuthResponseFields } from './response.js';

export interface AnswerOptions extends Pick<AuthResponseFields, 'profile' | 'username' | 'email' | 'profileUrl' | 'hubUrl'> {
  readonly clock: Pick<Clock, 'now'>;
}

/**
 * What a wallet answers once its user agreed: the app key of the request's origin, sealed to the request, and the identity's word for
 * it. The e-mail address goes along only if the request's scopes ask for it.
 *
 * @example
 * const request = verifyAuthRequest(token, { clock });
 * const response = await answerAuthRequest(request, identity, { clock, username: 'alice.id', hubUrl });
 * location.assign(responseUrl(request.redirectUri, response));
 */
export async function answerAuthRequest(request: AuthRequest, identity: Identity, { clock, email, ...fields }: AnswerOptions): Promise<string> {
  const appKey = await identity.appKey(request.domain);
  const associationToken = await makeAssociationToken(publicKeyOf(appKey), identity.signer, { clock });
  const mail = request.scopes.includes('email') && email !== undefined ? { email } : {};
  return makeAuthResponse(request.transit, { ...fields, ...mail, appKey, associationToken }, identity.signer, { clock });
}
