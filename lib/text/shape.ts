import { isVisible } from "./visible.ts";

/** What foreign JSON has to look like: refs, registries, archives, and programs that run inside an image. */

export type Check = (value: unknown) => boolean;
/** A check for every field of a type: a field that is added to it has to be checked here too. */
export type Shape<T> = { readonly [K in keyof T]-?: Check };
export type Node = Readonly<Record<string, unknown>>;

export const isNode = (value: unknown): value is Node =>
  typeof value === "object" && value !== null && !Array.isArray(value);
export const text: Check = (value) => typeof value === "string";
/** A name: shown within a line, so it may not end it or steer a terminal. */
export const word: Check = (value) => typeof value === "string" && !/[\n\t]/.test(value) && isVisible(value);
export const whole: Check = (value) => Number.isSafeInteger(value);
export const maybe =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);
export const orNull =
  (check: Check): Check =>
  (value) =>
    value === null || check(value);
export const listOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);
export const mapOf =
  (check: Check): Check =>
  (value) =>
    isNode(value) && Object.values(value).every(check);
/** The checks of fields that have a fixed set of words, to which a newer Slipway may have added one. */
const sets = new WeakSet<Check>();
export function oneOf(...words: readonly string[]): Check {
  const check: Check = (value) => words.some((one) => one === value);
  sets.add(check);
  return check;
}
export const node =
  <T>(shape: Shape<T>): Check =>
  (value) =>
    fits(value, shape);

/** The first field that is not what it has to be; undefined where all are. Fields that nobody knows are a newer Slipway's. */
export const misfit = (value: Node, shape: Readonly<Record<string, Check>>): string | undefined =>
  Object.keys(shape).find((name) => !shape[name]?.(value[name]));

export const fits = <T>(value: unknown, shape: Shape<T>): value is T =>
  isNode(value) && misfit(value, shape) === undefined;

/** Whether a check is of a fixed set of words. */
export const isSet = (check: Check): boolean => sets.has(check);

/** The value of a text of JSON; undefined for what is none. */
export function jsonOf(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

/** What stands at a path of a JSON value, whoever wrote it; undefined where the path leads nowhere. */
export const valueAt = (json: unknown, ...path: readonly (string | number)[]): unknown =>
  path.reduce<unknown>(
    (at, key) => ((isNode(at) || Array.isArray(at)) && Object.hasOwn(at, key) ? (at as Node)[key] : undefined),
    json,
  );

/** The text there; undefined where something else is. */
export function textAt(json: unknown, ...path: readonly (string | number)[]): string | undefined {
  const value = valueAt(json, ...path);
  return typeof value === "string" ? value : undefined;
}
