// Programs in C++, each of which keeps something, or is healthy, beside a bounded cache. Arguments and output as of keeps.c.
#include <poll.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

namespace shop {

struct Record {
  virtual ~Record() = default;
  virtual int weight() const { return 1; }
};

struct UserSession : Record {
  std::string user, agent;
  long started;
  char state[64] = {};
  explicit UserSession(long id) : user("customer-" + std::to_string(id) + "@example.com"), agent("Mozilla/5.0 (X11; Linux x86_64)"), started(id) {}
};

struct Invoice : Record {
  double amount[8] = {};
};

struct Listener : Record {
  std::function<void()> notify;
  std::vector<char> state = std::vector<char>(200, 's');
};

class SessionManager {
 public:
  virtual ~SessionManager() = default;
  std::unordered_map<long, std::unique_ptr<UserSession>> byId;
};

struct Node : Record {
  std::shared_ptr<Node> other;
  char payload[100] = {};
};

struct Customer;

struct Order : Record {
  std::shared_ptr<Customer> customer;
  double lines[14] = {};
};

struct Customer : Record {
  std::vector<std::shared_ptr<Order>> orders;
  std::string name;
};

/** Has no virtual functions: nothing in the memory says what it is. */
struct PricePoint {
  long article;
  double prices[9];
};

template <typename Payload>
struct Task : Record {
  Payload payload;
  explicit Task(Payload of) : payload(of) {}
};

class Scheduler {
 public:
  static Scheduler &instance() {
    static Scheduler only;
    return only;
  }
  virtual ~Scheduler() = default;
  std::list<std::unique_ptr<Record>> waiting;
};

/** Threads that live long, each with its own list of what it did. */
struct Worker {
  static thread_local std::vector<std::unique_ptr<Invoice>> done;
};
thread_local std::vector<std::unique_ptr<Invoice>> Worker::done;

std::map<std::string, std::shared_ptr<Customer>> customersByName;
std::unordered_map<long, PricePoint> prices;
std::vector<std::string> visitedPages;
std::vector<std::pair<double, double>> latencies;
std::vector<std::function<int()>> callbacks;
std::unique_ptr<SessionManager> manager;
std::map<std::string, std::unique_ptr<UserSession>> sessionsByName;
std::vector<std::unique_ptr<Listener>> listeners;
std::deque<std::unique_ptr<Invoice>> recent;

}  // namespace shop

using namespace shop;

/** In no namespace: its name is mangled otherwise. */
struct Upload : Record {
  char content[300] = {};
};

static std::map<long, std::unique_ptr<Upload>> uploads;

static void keep(const std::string &kind, long request) {
  if (kind == "hash-map") manager->byId.emplace(request, std::make_unique<UserSession>(request));
  else if (kind == "map") sessionsByName.emplace("session " + std::to_string(request), std::make_unique<UserSession>(request));
  else if (kind == "uploads") uploads.emplace(request, std::make_unique<Upload>());
  else if (kind == "listeners") listeners.push_back(std::make_unique<Listener>());
  else if (kind == "cycle") {
    auto one = std::make_shared<Node>(), two = std::make_shared<Node>();
    one->other = two;
    two->other = one;
  } else if (kind == "shared-map") {
    auto customer = std::make_shared<Customer>();
    auto order = std::make_shared<Order>();
    order->customer = customer;
    customer->orders.push_back(order);
    customer->name = "customer " + std::to_string(request);
    customersByName[customer->name] = customer;
    if (customersByName.size() > 100) customersByName.erase(customersByName.begin());
  } else if (kind == "plain-map") prices.emplace(request, PricePoint{request, {1.5, 2.5}});
  else if (kind == "numbers")
    for (int part = 0; part < 8; part++) latencies.emplace_back(request, part / 7.0);
  else if (kind == "texts") visitedPages.push_back("https://shop.example.com/articles/" + std::to_string(request) + "?from=the+mail+of+this+week&to=nowhere");
  else if (kind == "tasks") Scheduler::instance().waiting.push_back(std::make_unique<Task<std::map<int, std::string>>>(std::map<int, std::string>{{1, "first"}, {2, "a second one that does not fit inside of the string"}}));
  else if (kind == "callbacks") {
    std::string state(150, 's');
    callbacks.push_back([state, request] { return static_cast<int>(state.size() + request); });
  }
}

static void work(long perSecond) {
  for (;; usleep(100000000 / perSecond))
    for (int part = 0; part < 50; part++) Worker::done.push_back(std::make_unique<Invoice>());
}

static void serve(const std::string &kind, long request) {
  std::string scratch(50 + request % 300, 'x');
  recent.push_back(std::make_unique<Invoice>());
  if (recent.size() > 2000) recent.pop_front();
  keep(kind, request);
}

int main(int argc, char **argv) {
  std::string kind = argc > 1 ? argv[1] : "healthy";
  long perSecond = argc > 2 ? atol(argv[2]) : 5000;
  manager = std::make_unique<SessionManager>();
  for (int each = 0; kind == "thread-local" && each < 2; each++) std::thread(work, perSecond).detach();
  puts("READY");
  fflush(stdout);
  for (long request = 1;; request++) {
    serve(kind, request);
    if (request % 100 == 0) {
      pollfd in = {0, POLLIN, 0};
      char rest[64];
      if (poll(&in, 1, static_cast<int>(100000 / perSecond)) > 0 && read(0, rest, sizeof rest) <= 0) return 0;
    }
    if (request % 1000 == 0) {
      printf("DONE %ld\n", request);
      fflush(stdout);
    }
  }
}
