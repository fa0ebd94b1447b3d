// Programs in Rust, each of which keeps something, or is healthy. Arguments and output as of keeps.c.
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::io::{Read, Write};
use std::rc::Rc;
use std::sync::{Arc, Mutex};

trait Job {
    fn cost(&self) -> u64;
}

struct MailJob {
    to: String,
    tries: [u64; 20],
}

impl Job for MailJob {
    fn cost(&self) -> u64 {
        self.tries[0] + self.to.len() as u64
    }
}

trait Listener: Send {
    fn notify(&self) -> usize;
}

struct PriceListener {
    article: String,
    seen: [u32; 40],
}

impl Listener for PriceListener {
    fn notify(&self) -> usize {
        self.article.len() + self.seen[0] as usize
    }
}

struct Session {
    user: String,
    state: [u64; 16],
}

static LISTENERS: Mutex<Vec<Arc<dyn Listener + Sync>>> = Mutex::new(Vec::new());
static TOTALS: Mutex<BTreeMap<u64, [u64; 12]>> = Mutex::new(BTreeMap::new());

struct TreeNode {
    parent: RefCell<Option<Rc<TreeNode>>>,
    children: RefCell<Vec<Rc<TreeNode>>>,
    payload: [u8; 160],
}

/// As large as a tree node, and begins with a number as that does.
struct Chore {
    id: u64,
    steps: [u64; 27],
}

fn tie_cycle() -> u64 {
    let (parent, child) = (node(), node());
    *child.parent.borrow_mut() = Some(parent.clone());
    let sum = child.payload[3] as u64;
    parent.children.borrow_mut().push(child);
    sum
}

fn node() -> Rc<TreeNode> {
    Rc::new(TreeNode { parent: RefCell::new(None), children: RefCell::new(Vec::new()), payload: [7; 160] })
}

fn main() {
    let kind = std::env::args().nth(1).unwrap_or_default();
    let per_second: u64 = std::env::args().nth(2).and_then(|text| text.parse().ok()).unwrap_or(5000);
    std::thread::spawn(|| {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        std::process::exit(0);
    });
    let mut jobs: Vec<Box<dyn Job>> = Vec::new();
    let mut chores: Vec<Box<Chore>> = Vec::new();
    let mut sessions: HashMap<u64, Box<Session>> = HashMap::new();
    let mut lines: Vec<String> = Vec::new();
    let mut callbacks: Vec<Box<dyn Fn() -> usize>> = Vec::new();
    let mut recent: VecDeque<String> = VecDeque::new();
    let mut sum = 0u64;
    println!("READY");
    for request in 1u64.. {
        recent.push_back(format!("page {} of the shop {}", request, "x".repeat((request % 200) as usize)));
        if recent.len() > 1000 {
            recent.pop_front();
        }
        match kind.as_str() {
            "boxed" => jobs.push(Box::new(MailJob { to: format!("user{}@example.com", request), tries: [request; 20] })),
            "cycle" => sum += tie_cycle(),
            "cycle-and-list" => {
                sum += tie_cycle();
                chores.push(Box::new(Chore { id: request, steps: [request; 27] }));
            }
            "hash-map" => {
                sessions.insert(request, Box::new(Session { user: format!("user{}@example.com", request), state: [request; 16] }));
            }
            "texts" => lines.push(format!("GET /orders/{} was answered with 200 after some milliseconds, and nobody will ever read this", request)),
            "closures" => {
                let payload = vec![request; 18];
                let id = [request; 9];
                callbacks.push(Box::new(move || payload.len() + id.len()));
            }
            "listeners" => LISTENERS.lock().unwrap().push(Arc::new(PriceListener { article: format!("article {}", request), seen: [1; 40] })),
            "tree-map" => {
                TOTALS.lock().unwrap().insert(request, [request; 12]);
            }
            "leaked" => {
                let state: &'static mut Session = std::hint::black_box(Box::leak(Box::new(Session { user: String::new(), state: [request; 16] })));
                sum += state.state[0] + state.user.len() as u64;
            }
            _ => {}
        }
        if let Some(last) = LISTENERS.lock().unwrap().last() {
            sum = sum.wrapping_add(last.notify() as u64);
        }
        if let Some(last) = callbacks.last() {
            sum = sum.wrapping_add(last() as u64);
        }
        if let Some(last) = sessions.get(&(request / 2)) {
            sum = sum.wrapping_add(last.state[0] + last.user.len() as u64);
        }
        if let Some(last) = chores.last() {
            sum = sum.wrapping_add(last.id + last.steps[0]);
        }
        if let Some(last) = jobs.last() {
            sum = sum.wrapping_add(last.cost());
        }
        if request % 100 == 0 {
            std::thread::sleep(std::time::Duration::from_millis(100_000 / per_second));
        }
        if request % 1000 == 0 {
            println!("DONE {}", request);
            let _ = std::io::stdout().flush();
        }
    }
    std::hint::black_box((sum, lines));
}
