//! The `zscope` program.

fn main() -> std::process::ExitCode {
    analyzer::cli::main()
}
