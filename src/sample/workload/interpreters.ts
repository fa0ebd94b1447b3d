/** Programs that run a script: which of their options take a value, so that the script can be found among the arguments. */
export interface Interpreter {
  name: string;
  program: RegExp;
  /** Options whose value is the next argument. */
  withValue: RegExp;
  /** Options whose value is the program itself: `-m module`, `-e code`, `-jar file`. */
  programOption: RegExp;
}

const none = /^$/;

export const interpreters: readonly Interpreter[] = [
  {
    name: 'node',
    program: /^(?:node|nodejs)[\d.]*$/,
    withValue:
      /^(?:-r|--require|--import|--loader|--experimental-loader|-C|--conditions|--env-file|--title|--icu-data-dir|--openssl-config)$/,
    programOption: /^(?:-e|--eval|-p|--print|-pe)$/,
  },
  { name: 'bun', program: /^bun$/, withValue: /^(?:-r|--preload|--cwd|-c|--config)$/, programOption: /^(?:-e|--eval)$/ },
  { name: 'deno', program: /^deno$/, withValue: /^(?:-c|--config|--import-map|-L)$/, programOption: none },
  {
    name: 'python3',
    program: /^(?:python3[\d.]*|pypy3[\d.]*)$/,
    withValue: /^(?:-W|-X|--check-hash-based-pycs)$/,
    programOption: /^-[bBdEhiIOPqsSuvVx]*[cm]$/,
  },
  { name: 'python', program: /^python(?:2[\d.]*)?$/, withValue: /^(?:-W|-X|-Q)$/, programOption: /^-[bBdEhiOQsStuvVx]*[cm]$/ },
  { name: 'ruby', program: /^(?:ruby[\d.]*|jruby)$/, withValue: /^(?:-C|-I|-r|-E)$/, programOption: /^-e$/ },
  { name: 'perl', program: /^perl[\d.]*$/, withValue: /^(?:-I)$/, programOption: /^-\w*[eE]$/ },
  { name: 'php', program: /^(?:php|lsphp|php-cgi)[\d.]*$/, withValue: /^(?:-c|-d|-z|-S|-t)$/, programOption: /^(?:-r|-f|-F|-B|-R)$/ },
  {
    name: 'java',
    program: /^java$/,
    withValue:
      /^(?:-cp|-classpath|--class-path|-p|--module-path|--add-modules|--add-opens|--add-exports|--add-reads|--limit-modules|--upgrade-module-path)$/,
    programOption: /^(?:-jar|-m|--module)$/,
  },
  {
    name: 'dotnet',
    program: /^dotnet$/,
    withValue: /^(?:--additionalprobingpath|--depsfile|--runtimeconfig|--fx-version)$/,
    programOption: none,
  },
  { name: 'bash', program: /^(?:-?bash|rbash)$/, withValue: /^(?:-O|\+O|-o|\+o|--rcfile|--init-file)$/, programOption: /^-[a-z]*c[a-z]*$/ },
  { name: 'sh', program: /^-?(?:sh|dash|ash|ksh|zsh)$/, withValue: /^(?:-o|\+o)$/, programOption: /^-[a-z]*c[a-z]*$/ },
  { name: 'erl', program: /^(?:beam(?:\.smp)?|erl)$/, withValue: none, programOption: none },
  { name: 'R', program: /^(?:R|Rscript)$/, withValue: none, programOption: /^-e$/ },
];
