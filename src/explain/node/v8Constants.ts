/**
 * How the V8 of a Node program lays out its objects: it says so itself, in numbers that are there for debuggers after a crash.
 * https://github.com/nodejs/node/blob/main/deps/v8/tools/gen-postmortem-metadata.py
 */
import type { HeapWindows } from '../heapWindows.ts';
import type { TargetMemory } from '../targetMemory.ts';

export interface V8Layout {
  instanceTypeAt: number;
  instanceWordsAt: number;
  constructorAt: number;
  descriptorsAt: number;
  bitField3At: number;
  ownDescriptorsMask: number;
  ownDescriptorsShift: number;
  functionSharedAt: number;
  sharedNameAt: number;
  stringLengthAt: number;
  stringCharsAt: number;
  descriptorsHeaderBytes: number;
  mapType: number;
  firstNonString: number;
  firstObject: number;
}

const wanted =
  /^v8dbg_(?:class_(?:Map__(?:instance_type|instance_size_in_words|constructor_or_back_pointer|instance_descriptors|bit_field3)|JSFunction__shared|SharedFunctionInfo__name_or_scope_info|String__length|SeqOneByteString__chars|DescriptorArray__header_size)|bit_field3_number_of_own_descriptors_|type_(?:Map__MAP_TYPE|JSObject__JS_OBJECT_TYPE)|FirstNonstringType)/;

/** Null of a program without them. */
export function readV8Layout(memory: TargetMemory, windows: HeapWindows): V8Layout | null {
  const symbols = [...memory.symbols((path) => /\/(?:node|nodejs)$|\/libnode\.so/.test(path), wanted)];
  if (symbols.length === 0) return null;
  const value = (start: string) => {
    const address = symbols.find(([name]) => name.startsWith(`v8dbg_${start}`))?.[1];
    return address === undefined ? Number.NaN : (windows.piece(address, 4)?.readInt32LE(0) ?? Number.NaN);
  };
  return {
    instanceTypeAt: value('class_Map__instance_type_'),
    instanceWordsAt: value('class_Map__instance_size_in_words_'),
    constructorAt: value('class_Map__constructor_or_back_pointer_'),
    descriptorsAt: value('class_Map__instance_descriptors'),
    bitField3At: value('class_Map__bit_field3_'),
    ownDescriptorsMask: value('bit_field3_number_of_own_descriptors_mask'),
    ownDescriptorsShift: value('bit_field3_number_of_own_descriptors_shift'),
    functionSharedAt: value('class_JSFunction__shared_'),
    sharedNameAt: value('class_SharedFunctionInfo__name_or_scope_info_'),
    stringLengthAt: value('class_String__length_'),
    stringCharsAt: value('class_SeqOneByteString__chars_'),
    descriptorsHeaderBytes: value('class_DescriptorArray__header_size_'),
    mapType: value('type_Map__MAP_TYPE'),
    firstNonString: value('FirstNonstringType'),
    firstObject: value('type_JSObject__JS_OBJECT_TYPE'),
  };
}
