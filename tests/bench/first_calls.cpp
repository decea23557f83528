// SPDX-License-Identifier: BSD-3-Clause
// Prints the names of a static program's functions in the order in which a run of it first calls them:
// order.sh makes the order from that in which the linker lays chaos out.
//
// Each function starts with a breakpoint; the first call meets it, is noted, and gets the old byte back.
#include <elf.h>
#include <fcntl.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

namespace {

constexpr char breakpoint = '\xcc'; // int3

[[noreturn]] void fail(const char* what) {
    std::perror(what);
    std::exit(1);
}

struct Function {
    std::vector<std::string> names;
    char first_byte = 0;
};

using Functions = std::map<std::uint64_t, Function>; // by address

/// Those that the symbol table of a program of our own making lists: it is trusted.
Functions functions_of(const std::string& program) {
    const auto* header = reinterpret_cast<const Elf64_Ehdr*>(program.data());
    const auto* sections = reinterpret_cast<const Elf64_Shdr*>(program.data() + header->e_shoff);
    Functions functions;
    for (int i = 0; i < header->e_shnum; ++i) {
        if (sections[i].sh_type != SHT_SYMTAB)
            continue;
        const char* names = program.data() + sections[sections[i].sh_link].sh_offset;
        const auto* symbols = reinterpret_cast<const Elf64_Sym*>(program.data() + sections[i].sh_offset);
        for (std::uint64_t k = 0; k < sections[i].sh_size / sizeof(Elf64_Sym); ++k) {
            const Elf64_Sym& symbol = symbols[k];
            const auto type = ELF64_ST_TYPE(symbol.st_info);
            if ((type == STT_FUNC || type == STT_GNU_IFUNC) && symbol.st_shndx != SHN_UNDEF)
                functions[symbol.st_value].names.emplace_back(names + symbol.st_name);
        }
    }
    return functions;
}

class Process {
  public:
    explicit Process(char** command) : id_(::fork()) {
        if (id_ == 0) {
            ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
            ::dup2(STDERR_FILENO, STDOUT_FILENO); // ours is for the names
            ::execv(command[0], command);
            ::_exit(127);
        }
        int status = 0;
        if (id_ < 0 || ::waitpid(id_, &status, 0) != id_ || !WIFSTOPPED(status))
            fail("starting the command");
        memory_ = ::open(("/proc/" + std::to_string(id_) + "/mem").c_str(), O_RDWR | O_CLOEXEC);
        if (memory_ < 0)
            fail("opening its memory");
    }
    char exchange(std::uint64_t address, char byte) const {
        char old = 0;
        if (::pread(memory_, &old, 1, static_cast<off_t>(address)) != 1 ||
            ::pwrite(memory_, &byte, 1, static_cast<off_t>(address)) != 1)
            fail("setting a breakpoint");
        return old;
    }
    /// Lets it run to its next signal; that number, or -1 when it has ended.
    int run(int signal, int& status) const {
        ::ptrace(PTRACE_CONT, id_, nullptr, signal);
        if (::waitpid(id_, &status, 0) != id_)
            fail("waiting for the command");
        return WIFSTOPPED(status) ? WSTOPSIG(status) : -1;
    }
    /// Where it stopped at a breakpoint, to where it is set back.
    std::uint64_t step_back() const {
        user_regs_struct registers{};
        ::ptrace(PTRACE_GETREGS, id_, nullptr, &registers);
        --registers.rip;
        ::ptrace(PTRACE_SETREGS, id_, nullptr, &registers);
        return registers.rip;
    }

  private:
    pid_t id_;
    int memory_ = -1;
};

} // namespace

int main(int argument_count, char** arguments) {
    if (argument_count < 2) {
        std::fputs("Usage: first_calls PROGRAM [ARGUMENT...]\n", stderr);
        return 2;
    }
    std::ifstream file(arguments[1], std::ios::binary);
    const std::string program{std::istreambuf_iterator<char>(file), {}};
    if (program.size() < sizeof(Elf64_Ehdr))
        fail(arguments[1]);
    Functions functions = functions_of(program);
    const Process process(arguments + 1);
    for (auto& [address, function] : functions)
        function.first_byte = process.exchange(address, breakpoint);

    int status = 0;
    for (int signal = process.run(0, status); signal >= 0;) {
        if (signal == SIGTRAP) {
            const auto called = functions.find(process.step_back());
            if (called == functions.end())
                fail("a breakpoint that is not ours");
            process.exchange(called->first, called->second.first_byte);
            for (const std::string& name : called->second.names)
                std::printf("%s\n", name.c_str());
            signal = 0;
        }
        signal = process.run(signal, status);
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
