// SPDX-License-Identifier: BSD-3-Clause
// Process 1 of the lab's dom0: makes a host that Xen's tools work on, waits for its orders, runs the job,
// powers off.
//
// Everything up to the orders is the same for every run: run.sh takes a snapshot of the machine there and
// starts from it ever after. It is one static program instead of a script, because every process started
// costs tens of milliseconds on an emulated processor.
#include "orders.hpp"
#include "relay.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <linux/fs.h>
#include <net/if.h>
#include <string>
#include <sys/io.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace {

const std::string xen_programs = "/usr/lib/xen-4.17/bin/";

// The port of QEMU's isa-debug-exit device: a write there ends QEMU at once.
constexpr unsigned short exit_port = 0xf4;

[[noreturn]] void power_off() {
    sync();
    if (ioperm(exit_port, 1, 1) == 0)
        outb(0, exit_port);
    _exit(1); // the kernel panics and reboots, which ends QEMU too
}

void check(bool good, const std::string& what) {
    if (good)
        return;
    std::fprintf(stderr, "lab: %s: %s\n", what.c_str(), std::strerror(errno));
    power_off();
}

void mount_on(const char* source, const std::string& target, const char* type, unsigned long flags = 0,
              const std::string& options = "") {
    mkdir(target.c_str(), 0755);
    check(mount(source, target.c_str(), type, flags, options.c_str()) == 0, "mounting " + target);
}

std::vector<std::string> names_in(const std::string& directory) {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(directory))
        names.push_back(entry.path().filename());
    std::sort(names.begin(), names.end());
    return names;
}

void load_modules() {
    for (const std::string& name : names_in("/modules")) {
        const std::string path = "/modules/" + name;
        const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
        check(file >= 0 && syscall(SYS_finit_module, file, "", 0) == 0, "loading " + path);
        close(file);
        unlink(path.c_str()); // the initramfs is memory
    }
}

// The packaged root below, memory on top for whatever the run writes.
void enter_root() {
    mount_on("/dev/vda", "/packages", "erofs", MS_RDONLY);
    mount_on("memory", "/memory", "tmpfs", 0, "size=75%");
    mkdir("/memory/upper", 0755);
    mkdir("/memory/work", 0755);
    mount_on("root", "/root", "overlay", 0, "lowerdir=/packages,upperdir=/memory/upper,workdir=/memory/work");
    mount_on("run", "/root/run", "tmpfs", 0, "mode=755");
    mkdir("/root/run/lab", 0700);
    mkdir("/root/run/lab/memory", 0755);
    check(mount("/memory", "/root/run/lab/memory", nullptr, MS_MOVE, nullptr) == 0,
          "moving the memory layer");
    check(mount("/dev", "/root/dev", nullptr, MS_MOVE, nullptr) == 0, "moving /dev");
    check(chdir("/root") == 0 && mount(".", "/", nullptr, MS_MOVE, nullptr) == 0 && chroot(".") == 0 &&
              chdir("/") == 0,
          "entering the root");
}

// Lays the build under test over the running root, one directory of the root at a time.
void stack_build() {
    const std::string build = "/run/lab/build/", memory = "/run/lab/memory/";
    const int disk = open("/dev/vdb", O_RDONLY | O_CLOEXEC);
    check(disk >= 0 && ioctl(disk, BLKFLSBUF) == 0,
          "forgetting what was read of /dev/vdb before the snapshot");
    close(disk);
    mount_on("/dev/vdb", build, "erofs", MS_RDONLY);
    for (const std::string& name : names_in(build)) {
        const std::string upper = memory + "upper-" + name, work = memory + "work-" + name;
        mkdir(upper.c_str(), 0755);
        mkdir(work.c_str(), 0755);
        mount_on("build", "/" + name, "overlay", 0,
                 "lowerdir=" + build + name + ":/" + name + ",upperdir=" + upper + ",workdir=" + work);
    }
}

void mount_kernel_filesystems() {
    mount_on("proc", "/proc", "proc");
    mount_on("sys", "/sys", "sysfs");
    mount_on("cgroup2", "/sys/fs/cgroup", "cgroup2");
    mount_on("devpts", "/dev/pts", "devpts", 0, "ptmxmode=0666");
    mount_on("shm", "/dev/shm", "tmpfs", 0, "mode=1777");
    mount_on("xenfs", "/proc/xen", "xenfs");
    symlink("/proc/self/fd", "/dev/fd");
    symlink("/proc/self/fd/0", "/dev/stdin");
    symlink("/proc/self/fd/1", "/dev/stdout");
    symlink("/proc/self/fd/2", "/dev/stderr");
}

// What an init system would have made: directories, the nodes whose first use loads a module, a name, a
// loopback device.
void furnish() {
    for (const char* directory :
         {"/run/lock", "/run/xen", "/var/log/xen", "/var/log/xen/console", "/dev/net"})
        mkdir(directory, 0755);
    umask(0); // the modes below are meant, as udev gives them
    mknod("/dev/net/tun", S_IFCHR | 0666, makedev(10, 200));
    mknod("/dev/loop-control", S_IFCHR | 0660, makedev(10, 237));
    mknod("/dev/fuse", S_IFCHR | 0666, makedev(10, 229));
    umask(022);
    sethostname("lab", 3);
    const int any_socket = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ifreq loopback{};
    std::strcpy(loopback.ifr_name, "lo");
    loopback.ifr_flags = IFF_UP | IFF_RUNNING;
    ioctl(any_socket, SIOCSIFFLAGS, &loopback);
    close(any_socket);
}

// Waiting for the disk takes time that the virtual clock counts at random, so what is likely to run is read
// before.
void read_ahead(const std::string& directory) {
    std::vector<char> buffer(1 << 20);
    for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
        if (!std::filesystem::is_regular_file(entry.symlink_status()))
            continue;
        const int file = open(entry.path().c_str(), O_RDONLY | O_CLOEXEC);
        while (read(file, buffer.data(), buffer.size()) > 0) {
        }
        close(file);
    }
}

pid_t start(const std::vector<std::string>& command, const int (&streams)[3]) {
    const pid_t child = fork();
    check(child >= 0, "fork");
    if (child > 0)
        return child;
    setsid();
    for (int stream = 0; stream < 3; ++stream)
        dup2(streams[stream], stream);
    if (isatty(STDIN_FILENO))
        ioctl(STDIN_FILENO, TIOCSCTTY, 0);
    std::vector<char*> words;
    for (const auto& word : command)
        words.push_back(const_cast<char*>(word.c_str()));
    words.push_back(nullptr);
    execvp(words[0], words.data());
    const bool missing = errno == ENOENT;
    std::fprintf(stderr, "lab: %s: %s\n", words[0], std::strerror(errno));
    _exit(missing ? 127 : 126);
}

// A daemon's parent ends when the daemon is ready for its first client.
void run_tool(const std::vector<std::string>& command) {
    const int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    int status = 0;
    waitpid(start(command, {nothing, nothing, STDERR_FILENO}), &status, 0);
    errno = ECHILD;
    check(status == 0, command[0]);
    close(nothing);
}

// Which of Xen's two xenstored, if any, is a word of the kernel's command line.
void start_xenstored() {
    std::string words;
    std::getline(std::ifstream("/proc/cmdline"), words);
    if (words.find(" lab.xenstored=none") != std::string::npos)
        return;
    const bool ocaml = words.find(" lab.xenstored=ocaml") != std::string::npos;
    run_tool({xen_programs + (ocaml ? "oxenstored" : "xenstored"), "--pid-file", "/run/xenstored.pid"});
    run_tool({xen_programs + "xen-init-dom0"});
    run_tool({xen_programs + "xenconsoled", "--log=all", "--log-dir=/var/log/xen/console", "--pid-file",
              "/run/xenconsoled.pid"});
}

// The ports appear a moment after their driver; run.sh numbers them.
int open_port(int number, int flags) {
    for (int attempt = 0; attempt < 2000; ++attempt) {
        for (int device = 0; device < 8; ++device) {
            const std::string path = "/dev/vport" + std::to_string(device) + "p" + std::to_string(number);
            if (const int port = open(path.c_str(), flags | O_CLOEXEC); port >= 0)
                return port;
        }
        usleep(5000);
    }
    check(false, "opening port " + std::to_string(number));
    return -1;
}

int wait_for(pid_t job) {
    int status = 0;
    for (pid_t ended = 0; ended != job;)
        ended = waitpid(-1, &status, 0);
    return status;
}

int run_shell(const std::vector<std::string>& command) {
    const int terminal = open("/dev/hvc1", O_RDWR | O_CLOEXEC);
    check(terminal >= 0, "opening the terminal");
    return wait_for(start(command, {terminal, terminal, terminal}));
}

int run_job(const lab::Orders& orders, int input_port, int output_port, int error_port) {
    const bool fed = orders.settings.at("stdin") == "yes";
    const lab::Pipe input = fed ? lab::make_pipe() : lab::Pipe{open("/dev/null", O_RDONLY | O_CLOEXEC), -1};
    const lab::Output outputs[2] = {{lab::make_pipe(), output_port}, {lab::make_pipe(), error_port}};
    const pid_t job =
        start(orders.command, {input.read_end, outputs[0].pipe.write_end, outputs[1].pipe.write_end});
    if (fed)
        lab::feed_input(input_port, input);
    close(input.read_end);
    return lab::relay_until_end_of(job, outputs);
}

} // namespace

int main() {
    mount_on("dev", "/dev", "devtmpfs");
    for (int stream = 0; stream < 3; ++stream)
        dup2(open("/dev/console", O_RDWR), stream);
    load_modules();
    enter_root();
    mount_kernel_filesystems();
    furnish();
    setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 1);
    setenv("HOME", "/root", 1);
    setenv("LANG", "C.UTF-8", 1);
    for (const char* directory :
         {"/usr/bin", "/usr/sbin", "/usr/lib/x86_64-linux-gnu", "/usr/lib/xen-4.17/bin", "/usr/lib/modules",
          "/etc/xen/scripts", "/boot", "/usr/share/chaos-lab"})
        read_ahead(directory);
    start_xenstored();

    const int report = open_port(1, O_WRONLY), orders_port = open_port(5, O_RDONLY);
    const int output = open_port(2, O_WRONLY), error = open_port(3, O_WRONLY), input = open_port(4, O_RDONLY);
    dprintf(report, "ready\n");
    lab::Orders orders = lab::receive_orders(orders_port); // a snapshot is taken, and started from, in here
    lab::forget_the_snapshot(orders);
    stack_build();
    if (orders.settings["read_ahead"] == "yes")
        read_ahead("/run/lab/build");
    if (orders.settings["share"] == "yes")
        mount_on("share", "/mnt/share", "9p", 0, "trans=virtio,version=9p2000.L,msize=262144");
    setenv("TERM", orders.settings["term"].c_str(), 1);
    check(chdir("/root") == 0, "entering /root");

    dprintf(report, "started\n");
    int status = 0;
    if (orders.settings["shell"] == "yes")
        status = run_shell(orders.command);
    else
        status = run_job(orders, input, output, error);
    dprintf(report, "exit %d\n", WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
    power_off();
}
