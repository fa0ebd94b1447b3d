// Programs in Rust, each of which keeps something, or is healthy. Arguments and output as of keeps.c.
use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{Read, Write};
use std::rc::Rc;

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

struct TreeNode {
    parent: RefCell<Option<Rc<TreeNode>>>,
    children: RefCell<Vec<Rc<TreeNode>>>,
    payload: [u8; 160],
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
            "cycle" => {
                let (parent, child) = (node(), node());
                *child.parent.borrow_mut() = Some(parent.clone());
                sum += child.payload[3] as u64;
                parent.children.borrow_mut().push(child);
            }
            _ => {}
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
    std::hint::black_box(sum);
}
