/** A profile's claim of `@type` Person; members of another shape count as absent. */
export type Claim = Readonly<Record<string, unknown>>;

const MONTHS = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December'];

/** The full name, else given and family name. */
export function nameOf(claim: Claim): string | null {
  return text(claim.name) ?? ([text(claim.givenName), text(claim.familyName)].filter((part) => part !== null).join(' ') || null);
}

/** The given name, else all of the full name but its last word. */
export function givenNameOf(claim: Claim): string | null {
  return text(claim.givenName) ?? text(claim.name)?.split(' ').slice(0, -1).join(' ') ?? null;
}

/** The family name, else the last word of the full name. */
export function familyNameOf(claim: Claim): string | null {
  return text(claim.familyName) ?? text(claim.name)?.split(' ').at(-1) ?? null;
}

export function descriptionOf(claim: Claim): string | null {
  return text(claim.description);
}

/** The URL of the image named `avatar`. */
export function avatarUrlOf(claim: Claim): string | null {
  return text(records(claim.image).find(({ name }) => name === 'avatar')?.contentUrl);
}

/** The postal address in one line. */
export function addressLineOf(claim: Claim): string | null {
  const [address = {}] = records([claim.address]);
  const parts = [address.streetAddress, address.addressLocality, address.postalCode, address.addressCountry].map(text);
  return parts.filter((part) => part !== null).join(', ') || null;
}

/** The birth date in words, `January 1, 1973`. */
export function birthDateOf(claim: Claim): string | null {
  const [, year = '', month = '', day = ''] = /^(\d{4})-(\d{2})-(\d{2})/.exec(text(claim.birthDate) ?? '') ?? [];
  const name = MONTHS[Number(month) - 1];
  return name === undefined ? null : `${name} ${Number(day)}, ${Number(year)}`;
}

/** The people this one knows, each with an `@id`. */
export function connectionsOf(claim: Claim): readonly Claim[] {
  return records(claim.knows);
}

export function organizationsOf(claim: Claim): readonly Claim[] {
  return records(claim.worksFor);
}

export function accountsOf(claim: Claim): readonly Claim[] {
  return records(claim.account);
}

/** Where an app keeps this person's files: the bucket URL beside the app's origin, with a slash at its end. */
export function appUrlOf(claim: Claim, origin: string): string | null {
  const [apps = {}] = records([claim.apps]);
  const url = Object.hasOwn(apps, origin) ? text(apps[origin]) : null;
  return url === null ? null : url.endsWith('/') ? url : `${url}/`;
}

/** A Person from the form of Onename, versions 0.2 and 0.3. */
export function personOfLegacy(legacy: Claim): Claim {
  const member = (name: string, key: string): string | null => text(records([legacy[name]])[0]?.[key]);
  const image = ['avatar', 'cover'].flatMap((name) => entry(member(name, 'url'), (contentUrl) => ({ '@type': 'ImageObject', name, contentUrl })));
  const account = [
    ...entry(member('bitcoin', 'address'), (identifier) => ({ '@type': 'Account', role: 'payment', service: 'bitcoin', identifier })),
    ...['twitter', 'facebook', 'github'].flatMap((service) => legacyAccount(service, records([legacy[service]])[0] ?? {})),
    ...entry(text(records(legacy.auth)[0]?.publicKeychain), (identifier) => ({ '@type': 'Account', role: 'key', service: 'bip32', identifier })),
    ...entry(member('pgp', 'url'), (contentUrl) => ({ '@type': 'Account', role: 'key', service: 'pgp', identifier: member('pgp', 'fingerprint'), contentUrl })),
  ];
  return Object.fromEntries(
    Object.entries({
      '@type': 'Person',
      '@context': 'http://schema.org/',
      name: member('name', 'formatted'),
      description: text(legacy.bio),
      address: entry(member('location', 'formatted'), (addressLocality) => ({ '@type': 'PostalAddress', addressLocality }))[0] ?? null,
      image: image.length > 0 ? image : null,
      website: entry(text(legacy.website), (url) => ({ '@type': 'WebSite', url })),
      account,
    }).filter(([, value]) => value !== null && !(Array.isArray(value) && value.length === 0)),
  );
}

function legacyAccount(service: string, data: Claim): readonly Claim[] {
  const proofUrl = text(records([data.proof])[0]?.url);
  const proof = proofUrl === null ? {} : { proofType: 'http', proofUrl };
  return entry(text(data.username), (identifier) => ({ '@type': 'Account', service, identifier, ...proof }));
}

function entry<T>(value: string | null, make: (value: string) => T): readonly T[] {
  return value === null ? [] : [make(value)];
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

function records(value: unknown): readonly Claim[] {
  return Array.isArray(value) ? value.filter((item): item is Claim => typeof item === 'object' && item !== null && !Array.isArray(item)) : [];
}
