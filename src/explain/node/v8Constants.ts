/**
 * How the V8 of a Node program lays out its objects: it says so itself, in numbers that are there for debuggers after a crash.
 * https://github.com/nodejs/node/blob/main/deps/v8/tools/gen-postmortem-metadata.py
 */
import type { HeapWindows } from '../heapWindows.ts';
import type { TargetMemory } from '../targetMemory.ts';

const wanted =
  'v8dbg_(?:class_(?:Map|JSReceiver|JSFunction|SharedFunctionInfo|Script|Symbol|String|SeqOneByteString|ThinString|JSArrayBuffer|DescriptorArray)_|bit_field[23]_|prop_|namedictionaryshape_|scopeinfo_|type_|First|Last)\\w*';

/** Null of a program without them. Not a number: this version does not say it. */
export function readV8Layout(memory: TargetMemory, windows: HeapWindows) {
  const symbols = [...memory.symbols((path) => /\/(?:node|nodejs)$|\/libnode\.so/.test(path), wanted)];
  if (symbols.length === 0) return null;
  const value = (...starts: string[]) => {
    const address = symbols.find(([name]) => starts.some((start) => name.startsWith(`v8dbg_${start}`)))?.[1];
    return address === undefined ? Number.NaN : (windows.piece(address, 4)?.readInt32LE(0) ?? Number.NaN);
  };
  // What follows in the name is the type of the field, which versions write differently. `…At` are bytes from the start.
  return {
    instanceTypeAt: value('class_Map__instance_type_'),
    instanceWordsAt: value('class_Map__instance_size_in_words_'),
    inObjectStartAt: value('class_Map__inobject_properties_start'),
    constructorAt: value('class_Map__constructor_or_back_pointer_'),
    prototypeAt: value('class_Map__prototype__'),
    bitField2At: value('class_Map__bit_field_') + 1,
    elementsKindShift: value('bit_field2_elements_kind_shift'),
    propertiesAt: value('class_JSReceiver__raw_properties_or_hash_'),
    descriptorsAt: value('class_Map__instance_descriptors'),
    bitField3At: value('class_Map__bit_field3_'),
    ownDescriptorsMask: value('bit_field3_number_of_own_descriptors_mask'),
    ownDescriptorsShift: value('bit_field3_number_of_own_descriptors_shift'),
    dictionaryShift: value('bit_field3_is_dictionary_map_shift'),
    fieldIndexMask: value('prop_index_mask'),
    fieldIndexShift: value('prop_index_shift'),
    fieldLocationMask: value('prop_location_mask'),
    functionSharedAt: value('class_JSFunction__shared_'),
    functionContextAt: value('class_JSFunction__context_'),
    sharedNameAt: value('class_SharedFunctionInfo__name_or_scope_info_'),
    scriptNameAt: value('class_Script__name_'),
    symbolNameAt: value('class_Symbol__name_'),
    stringLengthAt: value('class_String__length_'),
    stringCharsAt: value('class_SeqOneByteString__chars_'),
    thinActualAt: value('class_ThinString__actual_'),
    bufferLengthAt: value('class_JSArrayBuffer__byte_length_'),
    descriptorsHeaderBytes: value('class_DescriptorArray__header_size_'),
    dictionaryPrefixWords: value('namedictionaryshape_prefix_size'),
    scopeLocalsIndex: value('scopeinfo_idx_ncontextlocals'),
    mapType: value('type_Map__MAP_TYPE'),
    symbolType: value('type_Symbol__'),
    firstNonString: value('FirstNonstringType'),
    fixedArray: value('type_FixedArray__'),
    byteArray: value('type_ByteArray__'),
    doubleArray: value('type_FixedDoubleArray__'),
    propertyArray: value('type_PropertyArray__'),
    propertyCell: value('type_PropertyCell__'),
    cell: value('type_Cell__'),
    firstContext: value('FirstContextType'),
    lastContext: value('LastContextType'),
    sourceModule: value('type_SourceTextModule__'),
    scriptType: value('type_Script__'),
    scopeInfo: value('type_ScopeInfo__'),
    sharedFunction: value('type_SharedFunctionInfo__'),
    promiseReaction: value('type_PromiseReaction__'),
    promiseCapability: value('type_PromiseCapability__'),
    firstObject: value('type_JSObject__JS_OBJECT_TYPE'),
    array: value('type_JSArray__'),
    arrayBuffer: value('type_JSArrayBuffer__'),
    function: value('type_JSFunction__'),
    boundFunction: value('type_JSBoundFunction__'),
    map: value('type_JSMap__'),
    set: value('type_JSSet__'),
    promise: value('type_JSPromise__'),
    typedArray: value('type_JSTypedArray__'),
    weakMap: value('type_JSWeakMap__'),
    weakSet: value('type_JSWeakSet__'),
    weakRef: value('type_JSWeakRef__'),
    sharedScriptAt: value('class_SharedFunctionInfo__raw_script', 'class_SharedFunctionInfo__script'),
  };
}

export type V8Layout = NonNullable<ReturnType<typeof readV8Layout>>;

/** So many types of functions come one after another. */
const functionTypes = 16;

export function isFunctionType(type: number, layout: V8Layout): boolean {
  return type >= layout.function && type <= layout.function + functionTypes;
}
