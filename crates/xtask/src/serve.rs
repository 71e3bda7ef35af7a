//! `cargo xtask serve`: the whole set-up, then the page on loopback.

use std::net::{Ipv4Addr, TcpListener};

use anyhow::{Result, bail, ensure};

use crate::paths::Paths;
use crate::wasm::{self, Kit};
use crate::{install, page, shell};

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
    let port = port(options.port)?;
    ensure!(paths.at("index.html").is_file(), "index.html is missing from {}", paths.root.display());
    let kit = Kit::ready(paths)?;
    let trunk = install::trunk()?;
    wasm::build(paths, &kit, true)?;
    println!("\n    The page: http://127.0.0.1:{port}/    (Ctrl-C ends it)\n");
    let mut command = page::trunk(paths, &trunk, "serve");
    command.args(["--address", "127.0.0.1", "--port"]).arg(port.to_string());
    command.args((!options.no_open).then_some("--open"));
    // One who trains here is not to be interrupted.
    command.arg("--no-autoreload=true");
    shell::run(&mut command)
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
