/** Programs with hundreds of MiB in a map that grows on: what explaining them costs is not what explaining small ones does. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { findOnPath } from '../programs.ts';

const entries = 400_000;
const patienceMs = 300_000;

const node = `class Order{constructor(id){this.id=id;this.token='token-'+id+'-abcdefgh';this.sum={net:id}}}
const orders=new Map();let id=0;const add=(count)=>{for(let n=0;n<count;n++){id++;orders.set('k'+id,new Order(id))}};
add(${entries});console.log('READY');setInterval(()=>add(20),5)`;
const python = `import time
class Order:
  def __init__(self,id): self.id=id; self.token='token-%d-abcdefgh'%id; self.sum={'net':id}
orders={}
def add(count):
  for _ in range(count): id=len(orders); orders['k%d'%id]=Order(id)
add(${entries})
print('READY',flush=True)
while True: add(20); time.sleep(.005)`;
const php = `class Order{public $id;public $token;public $sum;function __construct($id){$this->id=$id;$this->token="token-$id-abcdefgh";$this->sum=["net"=>$id,"of"=>"x$id"];}}
$orders=[];function add($count){global $orders;for($n=0;$n<$count;$n++){$id=count($orders);$orders["k$id"]=new Order($id);}}
add(${entries});echo "READY\n";while(true){add(20);usleep(5000);}`;
const ruby = `class Order; def initialize(id); @id=id; @token="token-number-#{id}-abcdefghijkl"; @sum={net: id}; end; end
$orders={}
def add(count) count.times { id=$orders.size; $orders["key-number-#{id}-of-all-that-are"]=Order.new(id) } end
add(${entries}); puts 'READY'; $stdout.flush
loop { add(20); sleep 0.005 }`;

const programs: readonly { command: string; args: string[] }[] = [
  { command: process.execPath, args: ['-e', node] },
  { command: '/usr/bin/python3', args: ['-c', python] },
  { command: 'php', args: ['-d', 'memory_limit=-1', '-r', php] },
  { command: 'ruby', args: ['-e', ruby] },
];

/** Those that can run here, one after the other; each has ended when the next begins. */
export async function eachLargeHeap(use: (pid: number) => Promise<void>): Promise<void> {
  for (const { command, args } of programs) {
    if (!command.startsWith('/') && findOnPath(command) === null) continue;
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
