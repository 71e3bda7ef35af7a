//! `mmrec worker`: computes for trainings on other machines.

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Result;
use clap::Args;

use crate::args::compute::Compute;
use crate::distributed;
use crate::terminal::output::Output;

const EXAMPLES: &str = "\
Examples:
  mmrec worker --token-file token                                   here, for trainings on this machine
  mmrec worker --token-file token --listen 0.0.0.0:7611 --device cuda   for the network, by its first graphics card
  mmrec train --data book.txt --stage small --out runs/book --workers 192.168.1.7:7611 --token-file token

A worker computes its share of every batch for a mmrec train that names it by --workers, and keeps nothing: text and model come from
there, a piece at a time, and stay there. It serves only those who have the same secret, the token: --token-file names a file with it,
which is made on first use and then copied to the other machines (as a password is: scp token other:), or MMREC_TOKEN holds it.

Connections are direct (UDP), encrypted, and prove to both sides that the other one has the token; no other server is asked or told
anything. Whoever reaches the port without the token is sent away within five seconds, and can have the worker hold a few megabytes
until then. Versions of mmrec must be the same on both sides.

Ctrl-C ends the worker with exit code 130. Trainings that it works for then stop with all steps saved, and go on by --resume with the
workers that are there.";

/// Compute for trainings on other machines
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct WorkerArgs {
    /// Where to listen; 0.0.0.0:7611 listens to the network, port 0 takes a free port
    #[arg(long, value_name = "IP:PORT", default_value = "127.0.0.1:7611")]
    pub listen: SocketAddr,
    /// The file of the secret that trainings must have, made if there is none; without it the environment's MMREC_TOKEN is used
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// What computes
    #[command(flatten)]
    pub compute: Compute,
}

/// Runs the command.
pub fn run(args: &WorkerArgs, output: Output) -> Result<()> {
    distributed::serve(args.listen, args.token_file.as_deref(), || args.compute.start(), output)
}
