// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * One record for each process, for each further thread and for each thread of the kernel, in the order of their ids: a BPF iterator that
 * an ordinary read(2) of its pinned file runs. kernel/bpfTasks.ts reads the records and says how they look.
 * Built by `npm run build:bpf` into tasks.bpf.o, which is checked in. The kernel's structures are described here as far as they are used;
 * where the members really are is found out when the program is loaded (CO-RE). Linux 5.8 or newer, with BTF.
 * https://docs.kernel.org/bpf/bpf_iterators.html
 */
typedef unsigned char __u8;
typedef unsigned short __u16;
typedef unsigned int __u32;
typedef unsigned long long __u64;
typedef int __s32;
typedef long long __s64;
typedef _Bool bool;
/* Names that bpf_helpers.h needs and this program does not. */
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u32 __wsum;

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#define KERNEL __attribute__((preserve_access_index))
/* Keeps the compiler from taking what it read before for what is there now. */
#define REREAD() asm volatile("" ::: "memory")

enum { BPF_MAP_TYPE_PERCPU_ARRAY = 6 };
enum { PF_KTHREAD = 0x00200000 };
/* In the order of the kernel: files, anonymous, swapped out, shared. */
enum { COUNTERS = 4 };
enum { NANOSECONDS_A_TICK = 10000000 };

struct percpu_counter {
	__s64 count;
	__s32 *counters;
} KERNEL;

struct mm_struct {
	struct percpu_counter rss_stat[COUNTERS];
} KERNEL;

/* Before Linux 6.2. */
typedef struct {
	__s64 counter;
} atomic_long_t;

struct mm_rss_stat {
	atomic_long_t count[COUNTERS];
} KERNEL;

struct mm_struct___before_6_2 {
	struct mm_rss_stat rss_stat;
} KERNEL;

struct fdtable {
	unsigned int max_fds;
	unsigned long *open_fds;
} KERNEL;

struct files_struct {
	struct fdtable *fdt;
} KERNEL;

typedef struct {
	__u32 val;
} kuid_t;

struct cred {
	kuid_t euid;
} KERNEL;

struct signal_struct {
	int nr_threads;
	__u64 sum_sched_runtime;
} KERNEL;

struct sched_entity {
	__u64 sum_exec_runtime;
} KERNEL;

struct task_struct {
	unsigned int __state;
	int exit_state;
	unsigned int flags;
	struct sched_entity se;
	struct mm_struct *mm;
	int pid;
	int tgid;
	struct task_struct *real_parent;
	__u64 start_boottime;
	const struct cred *real_cred;
	char comm[16];
	struct files_struct *files;
	struct signal_struct *signal;
} KERNEL;

/* Before Linux 5.14. */
struct task_struct___before_5_14 {
	long state;
} KERNEL;

struct seq_file;

struct bpf_iter_meta {
	struct seq_file *seq;
} KERNEL;

struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
} KERNEL;

struct bpf_array {
	void *pptrs[0];
} KERNEL;

enum kind { PROCESS = 1, THREAD = 2, KERNEL_THREAD = 3 };
enum { MEMORY_IS_KNOWN = 1, FILES_ARE_KNOWN = 2 };

struct thread_record {
	__u32 tgid;
	__u32 kind;
	__u64 cpu_ns;
};

struct kernel_thread_record {
	__u32 tgid;
	__u32 kind;
	__u64 start_ticks;
};

struct process_record {
	__u32 tgid;
	__u32 kind;
	__u64 start_ticks;
	/* Of this thread and of those that ended. */
	__u64 cpu_ns;
	__u32 state;
	__u32 parent;
	__u32 effective_uid;
	__u32 threads;
	__u32 known;
	__u32 fds;
	__u64 pages[COUNTERS];
	char comm[16];
};

/*
 * A counter of pages is a sum and, for each CPU, what that CPU has not yet added to it. Where the parts are is told by no file: an array of
 * our own, whose parts the kernel lets us find, shows how far the parts of each CPU lie from the address that stands for all of them.
 */
enum { MOST_CPUS = 1024 };

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} ruler SEC(".maps");

struct bpf_array *ruler_itself;
__u64 ruler_for_all;
void *ruler_of_cpu[MOST_CPUS];
__u32 cpus;

static void find_cpus(void)
{
	__u32 key = 0;
	__u32 found = 0;

	/* By way of memory: the address of a map may not be reckoned with, the same read back may. */
	*(void *volatile *)&ruler_itself = &ruler;
	bpf_core_read(&ruler_for_all, sizeof(ruler_for_all), &(*(struct bpf_array *volatile *)&ruler_itself)->pptrs[0]);
	for (__u32 cpu = 0; cpu < MOST_CPUS; cpu++) {
		void *of_cpu = bpf_map_lookup_percpu_elem(&ruler, &key, cpu);

		if (!of_cpu)
			break;
		*(void *volatile *)&ruler_of_cpu[cpu] = of_cpu;
		found++;
	}
	cpus = found;
}

/* False where the parts cannot be told. */
static bool add_parts(struct mm_struct *mm, __s64 pages[COUNTERS])
{
	__u64 parts_for_all = (__u64)mm->rss_stat[0].counters;

	/* Before Linux 6.6 the counters are apart, and /proc leaves the parts out as well. */
	if ((__u64)mm->rss_stat[1].counters != parts_for_all + sizeof(__s32))
		return 1;
	if (cpus == 0)
		find_cpus();
	for (__u32 cpu = 0; cpu < MOST_CPUS && cpu < cpus; cpu++) {
		__s32 parts[COUNTERS];

		if (bpf_probe_read_kernel(parts, sizeof(parts), (void *)(parts_for_all - ruler_for_all + (__u64)ruler_of_cpu[cpu])))
			return 0;
		for (int i = 0; i < COUNTERS; i++)
			pages[i] += parts[i];
	}
	return cpus > 0 && cpus < MOST_CPUS;
}

static void read_memory(struct task_struct *task, struct process_record *record)
{
	struct mm_struct *mm = task->mm;
	__s64 pages[COUNTERS];

	if (!mm)
		return;
	if (bpf_core_type_exists(struct mm_rss_stat)) {
		struct mm_struct___before_6_2 *old = (void *)mm;

		/* The verifiers of that time do not follow into this array. */
		if (bpf_core_read(pages, sizeof(pages), &old->rss_stat.count))
			return;
	} else {
		pages[0] = mm->rss_stat[0].count;
		pages[1] = mm->rss_stat[1].count;
		pages[2] = mm->rss_stat[2].count;
		pages[3] = mm->rss_stat[3].count;
		if (!add_parts(mm, pages))
			return;
	}
	for (int i = 0; i < COUNTERS; i++)
		record->pages[i] = pages[i] < 0 ? 0 : pages[i];
	/* Of a process that gave it up meanwhile, it may be anybody's by now. */
	REREAD();
	if (task->mm == mm)
		record->known |= MEMORY_IS_KNOWN;
}

/* A bit for each open file; where there may be more than this, /proc is asked. */
enum { MOST_FD_WORDS = 256, BITS = 64 };

static __u32 bits_set(__u64 word)
{
	word -= (word >> 1) & 0x5555555555555555ull;
	word = (word & 0x3333333333333333ull) + ((word >> 2) & 0x3333333333333333ull);
	word = (word + (word >> 4)) & 0x0f0f0f0f0f0f0f0full;
	return (word * 0x0101010101010101ull) >> 56;
}

static void count_files(struct task_struct *task, struct process_record *record)
{
	struct files_struct *files = task->files;
	__u32 count = 0;

	if (!files)
		return;
	__u32 most = files->fdt->max_fds;
	unsigned long *open = files->fdt->open_fds;

	if (most > MOST_FD_WORDS * BITS)
		return;
	for (__u32 i = 0; i < MOST_FD_WORDS && i * BITS < most; i++) {
		__u64 word = 0;

		if (bpf_probe_read_kernel(&word, sizeof(word), open + i))
			return;
		count += bits_set(word);
	}
	record->fds = count;
	REREAD();
	if (task->files == files)
		record->known |= FILES_ARE_KNOWN;
}

static __u32 state_of(struct task_struct *task)
{
	struct task_struct___before_5_14 *old = (void *)task;
	__u32 running = bpf_core_field_exists(old->state) ? (__u32)old->state : task->__state;

	return running | task->exit_state;
}

static void write_process(struct seq_file *seq, struct task_struct *task)
{
	struct process_record record = {
		.tgid = task->tgid,
		.kind = PROCESS,
		.start_ticks = task->start_boottime / NANOSECONDS_A_TICK,
		.cpu_ns = task->se.sum_exec_runtime + task->signal->sum_sched_runtime,
		.state = state_of(task),
		.parent = task->real_parent->tgid,
		.effective_uid = task->real_cred->euid.val,
		.threads = task->signal->nr_threads,
	};

	__builtin_memcpy(record.comm, task->comm, sizeof(record.comm));
	read_memory(task, &record);
	count_files(task, &record);
	bpf_seq_write(seq, &record, sizeof(record));
}

SEC("iter/task")
int tasks(struct bpf_iter__task *context)
{
	struct seq_file *seq = context->meta->seq;
	struct task_struct *task = context->task;

	/* The end. */
	if (!task)
		return 0;
	if (task->pid != task->tgid) {
		struct thread_record record = { task->tgid, THREAD, task->se.sum_exec_runtime };

		bpf_seq_write(seq, &record, sizeof(record));
	} else if (task->flags & PF_KTHREAD) {
		struct kernel_thread_record record = { task->tgid, KERNEL_THREAD, task->start_boottime / NANOSECONDS_A_TICK };

		bpf_seq_write(seq, &record, sizeof(record));
	} else {
		write_process(seq, task);
	}
	return 0;
}

/* The kernel lets only programs under a licence of its own family use what is needed here. */
char LICENSE[] SEC("license") = "Dual BSD/GPL";
