/**
 * Where CPython 3.8 to 3.15 with the interpreter's lock keep what is followed here; all of it on 64 bits. Types, lists, sets, cells and deques
 * lie alike in all of them.
 * https://github.com/python/cpython/blob/3.11/Include/cpython/code.h, funcobject.h, ../internal/pycore_frame.h, pycore_dict.h
 */
export interface PythonLayout {
  minor: number;
  /** Of a str that is all ASCII: its first character. */
  textAt: number;
  /** Bits of a str's state that say it is ASCII and in one piece. */
  asciiStates: readonly number[];
  /** Where an instance has its attributes, when its class says that the interpreter keeps them. */
  attributes: 'dict' | 'pointer before' | 'tagged pointer before' | 'inside';
  /** In a class: the names of what its instances have. */
  sharedKeysAt: number;
  function: { code: number; defaults: number; keywordDefaults: number; closure: number; qualifiedName: number };
  code: { name: number; variableNames: number; variables: number; freeVariables: number };
  /** Of a frame that is no object of its own. */
  frame: { code: number; variables: number } | null;
}

const olderCode = { name: 112, variableNames: 72, variables: 28, freeVariables: 80 };
const older = {
  textAt: 48,
  asciiStates: [0x60],
  attributes: 'dict' as const,
  sharedKeysAt: 880,
  function: { code: 16, defaults: 32, keywordDefaults: 40, closure: 48, qualifiedName: 104 },
  code: olderCode,
  frame: null,
};
const newerFunction = { code: 48, defaults: 56, keywordDefaults: 64, closure: 72, qualifiedName: 40 };
const newer = {
  textAt: 40,
  asciiStates: [0x60],
  sharedKeysAt: 880,
  function: newerFunction,
  code: { name: 128, variableNames: 96, variables: 72, freeVariables: 88 },
  frame: { code: 0, variables: 72 },
};
/** Whether a str is interned has sixteen bits of its own here, and a frame says more about itself. */
const newest = { ...newer, attributes: 'inside' as const, asciiStates: [0x60, 0x18_0000], frame: { code: 0, variables: 80 } };

const layouts: readonly PythonLayout[] = [
  { ...older, minor: 8 },
  { ...older, minor: 9 },
  { ...older, minor: 10, function: newerFunction },
  {
    minor: 11,
    textAt: 48,
    asciiStates: [0x60],
    attributes: 'pointer before',
    sharedKeysAt: 872,
    function: newerFunction,
    code: { name: 128, variableNames: 96, variables: 76, freeVariables: 92 },
    frame: { code: 32, variables: 72 },
  },
  { ...newer, minor: 12, attributes: 'tagged pointer before' },
  { ...newer, minor: 13, attributes: 'inside' },
  { ...newest, minor: 14 },
  { ...newest, minor: 15, sharedKeysAt: 888 },
];

export const pythonVersions = 'Python 3.8 to 3.15';

/** Null for a version that isn't known. */
export function pythonLayout(minor: number): PythonLayout | null {
  return layouts.find((layout) => layout.minor === minor) ?? null;
}
