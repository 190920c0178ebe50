/** JSON in which a number may be a Python float: the nodes of BNS wrote `6250.0`, and the `.0` is part of the consensus (bns-v1.md c.2). */
export type Json = string | number | boolean | null | PythonFloat | readonly Json[] | { readonly [name: string]: Json | undefined };

const FLOAT = /* @__PURE__ */ Symbol('Python float');

/** A number that is written with a point or an exponent. */
export interface PythonFloat {
  readonly [FLOAT]: number;
}

export function pythonFloat(value: number): PythonFloat {
  return { [FLOAT]: value };
}

/** The text of a value; members that are undefined are left out. */
export function formatJson(value: Json): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (isList(value)) return `[${value.map(formatJson).join(', ')}]`;
  if (isFloat(value)) return floatText(value[FLOAT]);
  const members = Object.entries(value).flatMap(([name, member]) => (member === undefined ? [] : [`${JSON.stringify(name)}: ${formatJson(member)}`]));
  return `{${members.join(', ')}}`;
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

function isFloat(value: object): value is PythonFloat {
  return FLOAT in value;
}

/** `repr(float)`, which is what Python's json wrote. */
function floatText(value: number): string {
  if (Math.abs(value) >= 1e16) return value.toExponential();
  return Number.isInteger(value) ? `${value}.0` : String(value);
}
