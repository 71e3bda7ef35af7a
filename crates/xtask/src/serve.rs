//! `cargo xtask serve`: the set-up that the page needs, then the page on loopback, as it lies in the repository. It is served as
//! soon as it can train; the modules that only some visits use are built behind it.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::process::{Child, ChildStdin, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};

use crate::paths::Paths;
use crate::wasm::{Job, Kit, VARIANTS, Variant};
use crate::{node, shell};

/// Tried in order when no port is asked for.
const PORTS: std::ops::Range<u16> = 8080..8100;

/// Options of `cargo xtask serve`.
#[derive(clap::Args)]
pub struct Options {
    /// The port on 127.0.0.1 (the first free one from 8080 by default)
    #[arg(long)]
    port: Option<u16>,
    /// Do not open a browser
    #[arg(long)]
    no_open: bool,
}

/// Installs, builds, serves until interrupted.
pub fn run(paths: &Paths, options: &Options) -> Result<()> {
    let start = Instant::now();
    let port = port(options.port)?;
    ensure!(paths.at("index.html").is_file(), "index.html is missing from {}", paths.root.display());
    let kit = Kit::ready(paths)?;
    let jobs = VARIANTS.iter().map(|variant| Ok((variant, Job::new(paths, &kit, variant, true)?)));
    let mut jobs: Vec<(&Variant, Job)> = jobs.collect::<Result<_>>()?;
    // First what a page on this machine trains with: the server sends the headers that threads need.
    jobs.sort_by_key(|(variant, _)| !variant.threads);
    let (_, first) = jobs.remove(0);
    if !first.is_current() {
        shell::heading("the engine of the page (once; some minutes)");
    }
    first.done()?;

    let missing: Vec<&str> =
        jobs.iter().filter(|(_, job)| !job.is_current()).map(|(variant, _)| variant.name).collect();
    let mut server = Server::start(paths, port, &missing)?;
    let seconds = start.elapsed().as_secs_f64();
    println!("\n    The page: {}    (after {seconds:.0} s; Ctrl-C ends it)\n", server.address);
    if !options.no_open && open::that_detached(&server.address).is_err() {
        shell::note("no browser could be opened: open the address yourself");
    }
    for (variant, job) in jobs {
        finish(&mut server, variant, job)?;
    }
    server.wait()
}

/// Builds one more module behind the page. Where that fails, the page does without.
fn finish(server: &mut Server, variant: &Variant, job: Job) -> Result<()> {
    if job.is_current() {
        return Ok(());
    }
    shell::heading(&format!("behind the page: the {} module; what wants it waits for it", variant.name));
    match job.behind().done() {
        Ok(()) => shell::note(&format!("the {} module can be used now", variant.name)),
        Err(error) => {
            eprintln!("error: {error:#}\n    The page works without it; run the command again to try once more.")
        }
    }
    server.built(variant.name)
}

fn port(asked: Option<u16>) -> Result<u16> {
    let free = |port: &u16| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok();
    match asked {
        Some(port) if free(&port) => Ok(port),
        Some(port) => bail!("port {port} is taken: choose another with --port"),
        None => match PORTS.into_iter().find(free) {
            Some(port) => Ok(port),
            None => bail!("ports {} to {} are taken: choose one with --port", PORTS.start, PORTS.end - 1),
        },
    }
}

/// `scripts/serve.mjs` as it runs. It ends with us, since its standard input does.
struct Server {
    process: Child,
    messages: ChildStdin,
    address: String,
}

impl Server {
    /// Returns when the page can be asked for. What is asked of the modules in `missing` waits until they are [built](Self::built).
    fn start(paths: &Paths, port: u16, missing: &[&str]) -> Result<Self> {
        let mut command = shell::command(node::program());
        command.arg(paths.at("crates/xtask/scripts/serve.mjs")).arg(&paths.root).arg(port.to_string()).args(missing);
        let mut process =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().context("cannot start Node.js")?;
        let messages = process.stdin.take().context("its standard input is piped")?;
        let mut address = String::new();
        BufReader::new(process.stdout.take().context("its standard output is piped")?).read_line(&mut address)?;
        ensure!(!address.is_empty(), "the page cannot be served on port {port}");
        Ok(Self { process, messages, address: format!("{}/", address.trim()) })
    }

    fn built(&mut self, module: &str) -> Result<()> {
        writeln!(self.messages, "{module}").context("the server of the page has ended")
    }

    fn wait(mut self) -> Result<()> {
        let status = self.process.wait()?;
        bail!("the server of the page has ended ({status})")
    }
}
