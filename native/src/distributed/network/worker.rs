//! The worker's side: listening, and serving those who [have the token](super::admission).

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use burn::server::{BURN_REMOTE_ALPN, RemoteServer};
use iroh::endpoint::Connection;
use iroh::protocol::DynProtocolHandler;
use mmrec::Device;
use serde_json::json;

use super::admission::Admission;
use super::protocol::Handshake;
use super::shared_secret::SharedSecret;
use super::worker_ops::with_operations;
use super::{RUNTIME, file_limit, transport};
use crate::terminal::interrupt;
use crate::terminal::output::{Output, note};

/// How often a worker looks whether it is asked to stop.
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// Serves at `listen` by what `device` opens, with its description for people, until somebody stops it.
pub fn serve(
    listen: SocketAddr,
    token_file: Option<&Path>,
    device: impl FnOnce() -> Result<(Device, String)>,
    output: Output,
) -> Result<()> {
    file_limit::check()?;
    let token = SharedSecret::find_or_make(token_file)?;
    let (device, description) = device()?;
    let about = Handshake::new(&description);
    let server = with_operations(RemoteServer::new([device.clone()]), &device, &about);
    // Trainings are to hear at once that the worker ends.
    let _saver = interrupt::saver();
    let admission = Admission::new(&token);
    // One thread receives packets and stands at the door: with two, packets could come faster than strangers are sent away.
    let receiving = tokio::runtime::Builder::new_current_thread().enable_all().build().context("cannot start")?;
    receiving.block_on(async {
        let endpoint = transport::listen(listen, &token, &[BURN_REMOTE_ALPN, transport::PROBE]).await?;
        let handler: Arc<dyn DynProtocolHandler> =
            Arc::from(Box::<dyn DynProtocolHandler>::from(server.into_protocol(&endpoint)?));
        let address = endpoint.bound_sockets().first().map_or(listen, |address| *address);
        let listening = json!({ "type": "listening", "address": address, "device": description });
        output.value(&listening).context("the worker did not begin, for nobody hears where it listens")?;
        note(&format!("listening on {address}, computing by {description}; Ctrl-C ends the worker"));
        while !interrupt::requested() {
            let Ok(incoming) = tokio::time::timeout(POLL_INTERVAL, endpoint.accept()).await else { continue };
            let Some(incoming) = incoming else { break };
            let handler = handler.clone();
            admission.receive(incoming, |connection, from| drop(RUNTIME.spawn(serve_one(connection, from, handler))));
        }
        handler.shutdown().await;
        endpoint.close().await;
        note("the worker has ended");
        Ok::<_, anyhow::Error>(())
    })?;
    Ok(interrupt::check()?)
}

/// Serves a connection of somebody who has the token, to its end.
async fn serve_one(connection: Connection, from: SocketAddr, handler: Arc<dyn DynProtocolHandler>) {
    if connection.alpn() == transport::PROBE {
        return connection.close(transport::WELCOME, b"welcome");
    }
    note(&format!("{from} is connected"));
    // What ends a connection is no failure of the worker's.
    let _ = handler.accept(connection).await;
    note(&format!("{from} is gone"));
}
