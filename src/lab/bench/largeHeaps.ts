/** Programs of each runtime with 250 MB of their own in a map that grows on: what explaining them costs is not what explaining small ones does. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { findOnPath } from '../programs.ts';

const heldBytes = 250_000_000;
const systemNode = '/usr/bin/node';
const patienceMs = 300_000;

const node = `const own=()=>1024*/RssAnon:\\s+(\\d+)/.exec(require('fs').readFileSync('/proc/self/status','latin1'))[1];
class Order{constructor(id){this.id=id;this.token='token-'+id+'-abcdefgh';this.sum={net:id}}}
const orders=new Map();let id=0;const add=(count)=>{for(let n=0;n<count;n++){id++;orders.set('k'+id,new Order(id))}};
while(own()<${heldBytes})add(2000);console.log('READY');setInterval(()=>add(20),5)`;
const python = `import re,time
def own(): return 1024*int(re.search(r'RssAnon:\\s+(\\d+)',open('/proc/self/status').read()).group(1))
class Order:
  def __init__(self,id): self.id=id; self.token='token-%d-abcdefgh'%id; self.sum={'net':id}
orders={}
def add(count):
  for _ in range(count): id=len(orders); orders['k%d'%id]=Order(id)
while own()<${heldBytes}: add(2000)
print('READY',flush=True)
while True: add(20); time.sleep(.005)`;
const php = `function own(){preg_match('/RssAnon:\\s+(\\d+)/',file_get_contents('/proc/self/status'),$m);return 1024*$m[1];}
class Order{public $id;public $token;public $sum;function __construct($id){$this->id=$id;$this->token="token-$id-abcdefgh";$this->sum=["net"=>$id,"of"=>"x$id"];}}
$orders=[];function add($count){global $orders;for($n=0;$n<$count;$n++){$id=count($orders);$orders["k$id"]=new Order($id);}}
while(own()<${heldBytes})add(2000);echo "READY\n";while(true){add(20);usleep(5000);}`;
const ruby = `def own() = 1024*File.read('/proc/self/status')[/RssAnon:\\s+(\\d+)/,1].to_i
class Order; def initialize(id); @id=id; @token="token-number-#{id}-abcdefghijkl"; @sum={net: id}; end; end
$orders={}
def add(count) count.times { id=$orders.size; $orders["key-number-#{id}-of-all-that-are"]=Order.new(id) } end
add(2000) while own<${heldBytes}; puts 'READY'; $stdout.flush
loop { add(20); sleep 0.005 }`;

const programs: readonly { command: string; args: string[] }[] = [
  { command: process.execPath, args: ['-e', node] },
  { command: systemNode, args: ['-e', node] },
  { command: '/usr/bin/python3', args: ['-c', python] },
  { command: 'php', args: ['-d', 'memory_limit=-1', '-r', php] },
  { command: 'ruby', args: ['-e', ruby] },
  { command: 'java', args: ['-Xmx1g', join(import.meta.dirname, '..', 'programs', 'large', 'LargeOrders.java'), `${heldBytes}`] },
];

/** Those that can run here, one after the other; each has ended when the next begins. */
export async function eachLargeHeap(use: (pid: number) => Promise<void>): Promise<void> {
  for (const { command, args } of programs) {
    if (command.startsWith('/') ? !existsSync(command) : findOnPath(command) === null) continue;
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'], timeout: patienceMs, killSignal: 'SIGKILL' });
    const exited = once(child, 'exit');
    try {
      await Promise.race([once(child.stdout, 'data'), exited]);
      await use(child.pid ?? 0);
    } finally {
      child.kill('SIGKILL');
      await exited;
    }
  }
}
