// Programs in C++, each of which keeps something, or is healthy, beside a bounded cache. Arguments and output as of keeps.c.
#include <poll.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
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

std::unique_ptr<SessionManager> manager;
std::map<std::string, std::unique_ptr<UserSession>> sessionsByName;
std::vector<std::unique_ptr<Listener>> listeners;
std::deque<std::unique_ptr<Invoice>> recent;

}  // namespace shop

using namespace shop;

static void keep(const std::string &kind, long request) {
  if (kind == "hash-map") manager->byId.emplace(request, std::make_unique<UserSession>(request));
  else if (kind == "map") sessionsByName.emplace("session " + std::to_string(request), std::make_unique<UserSession>(request));
  else if (kind == "listeners") listeners.push_back(std::make_unique<Listener>());
  else if (kind == "cycle") {
    auto one = std::make_shared<Node>(), two = std::make_shared<Node>();
    one->other = two;
    two->other = one;
  }
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
