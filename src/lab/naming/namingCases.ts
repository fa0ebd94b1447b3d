/**
 * Programs whose leak is to be named, and healthy ones in which nothing is: what the first answer must be called, and who holds it, where the
 * runtime has names for that. Each program has a bounded cache that turns over and rubbish beside what it keeps.
 */
import type { HeapLanguage } from './heapPrograms.ts';

export interface NamingCase {
  language: HeapLanguage;
  program: string;
  /** Null: nothing grows. */
  grows: { type: RegExp; owner: RegExp | null } | null;
}

const leak = (language: HeapLanguage, program: string, type: RegExp, owner: RegExp | null): NamingCase => ({
  language,
  program,
  grows: { type, owner },
});
const healthy = (language: HeapLanguage, program: string): NamingCase => ({ language, program, grows: null });

/** On the Node that stanch runs on, and on the one of the system. */
const onNode = (program: string, type: RegExp, owner: RegExp): NamingCase[] => [
  leak('node', program, type, owner),
  leak('systemNode', program, type, owner),
];
const healthyOnNode = (program: string): NamingCase[] => [healthy('node', program), healthy('systemNode', program)];

export const namingCases: readonly NamingCase[] = [
  ...onNode('map-without-eviction', /^UserSession \{token, user, steps\}$/, /^SessionStore\.#byToken \(Map\)$/),
  ...onNode('static-array', /^AuditEntry /, /^AuditLog\.entries \(Array\)$/),
  ...onNode('listeners', /^function onSettingsChanged$/, /^EventEmitter\._events\.changed \(Array\)$/),
  ...onNode('timers', /^(?:UploadState|Timeout) /, /^TimersList\./),
  ...onNode('object-as-map', /^Object \{product, net, currency\}$/, /^knownPrices \(object as a map\)$/),
  ...onNode('linked-list', /^MailJob /, /^MailQueue\.(?:head|tail)$/),
  ...onNode('pending-promises', /^function /, /^waiting \(Map\)$/),
  ...onNode('buffers', /^(?:Buffer|Uint8Array)/, /^uploadedPieces \(Array\)$/),
  ...onNode('set-of-texts', /^string$/, /^VisitorLog\.seen \(Set\)$/),
  ...onNode('text-buffer', /^string$/, /^pendingLog$/),
  ...onNode('closure-chain', /^ReportResult /, /^latestReport$/),
  ...onNode('history-per-user', /^UserAction /, /^historyByUser \(Array\)$/),
  ...onNode('copied-state', /^CartEvent /, /^cartState\.events/),
  ...healthyOnNode('healthy-cache'),
  ...healthyOnNode('healthy-churn'),
  ...healthyOnNode('healthy-queue'),
  leak('php', 'static-array', /^Shop\\AuditEntry$/, /^Shop\\AuditLog::\$entries$/),
  leak('php', 'map-without-eviction', /^Shop\\Basket$/, /^Shop\\BasketRepository->byCustomer$/),
  leak('php', 'listeners', /^Closure$/, /^Shop\\Dispatcher->listeners$/),
  leak('php', 'memo', /^string$/, /^static \$known in Shop\\priceOf\(\)$/),
  leak('php', 'text-buffer', /^string$/, /^Shop\\BufferedLogger->buffer$/),
  leak('php', 'global-rows', /^array\{id, name, price, tags\}$/, /^global \$seenRows$/),
  leak('php', 'cycles', /^Shop\\TreeNode$/, /^Shop\\TreeNode->(?:parent|children)$/),
  leak('php', 'identity-map', /^Shop\\OrderEntity$/, /^SplObjectStorage$/),
  leak('php', 'local-list', /^Shop\\Message$/, /^\$processed in Shop\\Consumer::run\(\)$/),
  healthy('php', 'healthy-cache'),
  healthy('php', 'healthy-churn'),
  leak('java', 'StaticList', /^StaticList\$AuditEntry$/, /^StaticList\$AuditLog\.ENTRIES$/),
  leak('java', 'MapWithoutEviction', /^MapWithoutEviction\$UserSession$/, /^MapWithoutEviction\$SessionService\.byToken$/),
  leak('java', 'KeyWithoutEquals', /^KeyWithoutEquals\$ReportKey$/, /^KeyWithoutEquals\.totals$/),
  leak('java', 'ThreadLocals', /^ThreadLocals\$TraceSpan$/, /^a thread$/),
  leak('java', 'ClassLoaders', /^ClassLoaders\$Plugin$/, /^ClassLoaders\$PluginRegistry\.plugins$/),
  leak('java', 'Listeners', /^Listeners\$\$Lambda$/, /^Listeners\$PriceFeed\.listeners$/),
  leak('java', 'Queue', /^Queue\$MailJob$/, /^Queue\$Mailer\.waiting$/),
  leak('java', 'Strings', /^java\.lang\.String$/, /^Strings\$VisitorLog\.SEEN$/),
  healthy('java', 'HealthyCache'),
  healthy('java', 'HealthyChurn'),
  leak('go', 'map_without_eviction', /^main\.\(\*sessionStore\)\.open$/, null),
  leak('go', 'list_only_grows', /^main\.recordAudit$/, null),
  leak('go', 'blocked_goroutines', /^goroutine main\.startQuery/, null),
  leak('go', 'closures', /^main\.loadReport$/, null),
  leak('go', 'substring', /^main\.readDocument$/, null),
  healthy('go', 'healthy_cache'),
  healthy('go', 'healthy_churn'),
  leak('ruby', 'constant_array', /^Shop::AuditEntry$/, /^Shop::AuditLog::ENTRIES$/),
  leak('ruby', 'hash_without_eviction', /^Shop::Session$/, /^Shop::SessionStore#@by_token$/),
  leak('ruby', 'listeners', /^Proc$/, /^Shop::Dispatcher#@listeners$/),
  leak('ruby', 'class_variable', /^Shop::PriceList::Price$/, /^@@known of Shop::PriceList$/),
  leak('ruby', 'texts', /^String$/, /^\$messages$/),
  healthy('ruby', 'healthy_cache'),
  healthy('ruby', 'healthy_churn'),
  leak('python', 'session_map', /^Session$/, /^SessionStore\._by_token$/),
  leak('python', 'class_list', /^AuditEntry$/, /^AuditLog\.entries$/),
  leak('python', 'global_rows', /^dict \{id, name, price, tags\}$/, /^__main__\.seen_rows$/),
  leak('python', 'listeners', /^function handle\.on_price_change$/, /^Dispatcher\._listeners$/),
  leak('python', 'memo', /^str$/, /^__main__\.label_of$/),
  leak('python', 'default_argument', /^Visit$/, /^default of an argument of remember\(\)$/),
  leak('python', 'closure_variable', /^Measurement$/, /^history in make_recorder\(\)$/),
  leak('python', 'local_list', /^Message$/, /^processed in (?:Consumer\.)?run\(\)$/),
  leak('python', 'queue_without_reader', /^MailJob$/, /^Mailer\.waiting$/),
  leak('python', 'text_set', /^str$/, /^__main__\.seen_visitors$/),
  leak('python', 'thread_local', /^TraceSpan$/, /^__main__\.context$/),
  leak('python', 'cycles', /^TreeNode$/, null),
  leak('python', 'linked_history', /^Revision$/, /^Document\.latest$/),
  leak('python', 'orders_by_customer', /^Order$/, /^OrderBook\.by_customer$/),
  leak('python', 'text_buffer', /^bytearray$/, /^BufferedLogger\.buffer$/),
  leak('python', 'endless_tasks', /^_asyncio\.(?:Future|Task)$/, /^__main__\.waiting$/),
  healthy('python', 'healthy_cache'),
  healthy('python', 'healthy_churn'),
  healthy('python', 'healthy_batches'),
  healthy('python', 'healthy_memo'),
];
