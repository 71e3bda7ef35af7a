//! The connection: QUIC between two addresses, encrypted, with no relay, no look-up service and no request to a router.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context, Result};
use iroh::endpoint::{
    AfterHandshakeOutcome, Connection, EndpointHooks, PortmapperConfig, QuicTransportConfig,
    QuicTransportConfigBuilder, Side, VarInt, WriteError, presets,
};
use iroh::{Endpoint, RelayMode, SecretKey};

use super::shared_secret::{CREDENTIAL, SharedSecret};

/// A silent side is taken for lost after this; each lets the other hear from it more often, also while it computes.
const IDLE_TIMEOUT: Duration = Duration::from_secs(15);
const KEEP_ALIVE: Duration = Duration::from_secs(3);

/// How long an answer takes, as long as none has come. What was sent to a stranger is kept for some multiple of it.
const INITIAL_RTT: Duration = Duration::from_millis(100);

/// Streams that a trainer may have open at the same time.
const MAX_STREAMS: VarInt = VarInt::from_u32(100);

/// The protocol of a connection that only finds out whether a worker is there and lets us in.
pub const PROBE: &[u8] = b"mmrec/knock";

/// How a worker closes the connection of one who probed and has the token, and that of one who showed something else.
pub const WELCOME: VarInt = VarInt::from_u32(1);
pub const REFUSED: VarInt = VarInt::from_u32(2);

/// Listens at `address` and nowhere else, as the worker of `token`. A connection may be used to show the token and for nothing more
/// before its [limits are lifted](lift_limits).
pub async fn listen(address: SocketAddr, token: &SharedSecret, protocols: &[&[u8]]) -> Result<Endpoint> {
    let transport = transport()
        .initial_rtt(INITIAL_RTT)
        .max_concurrent_uni_streams(1u8.into())
        .receive_window(VarInt::from_u32(CREDENTIAL as u32))
        .build();
    let protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    let builder = builder(transport).secret_key(token.worker_key()).alpns(protocols);
    let builder = builder.bind_addr(address).with_context(|| format!("{address} is no address to listen on"))?;
    builder.bind().await.with_context(|| format!("cannot listen on {address}: is another program listening there?"))
}

/// Opens a connection that showed the token to what a trainer needs.
pub fn lift_limits(connection: &Connection) {
    connection.set_receive_window(VarInt::MAX);
    connection.set_max_concurrent_bi_streams(MAX_STREAMS);
}

/// What workers are dialled from, to which it shows `token`. Nobody can reach it.
pub async fn client_endpoint(target: SocketAddr, token: &SharedSecret) -> Result<Endpoint> {
    let transport = transport().max_concurrent_uni_streams(0u8.into()).build();
    let builder = builder(transport).secret_key(SecretKey::generate()).hooks(Introduction(token.clone()));
    let builder = builder.bind_addr(source_for(target)).context("this machine has no address to dial from")?;
    builder.bind().await.with_context(|| format!("nothing can be dialled from here for {target}"))
}

fn transport() -> QuicTransportConfigBuilder {
    QuicTransportConfig::builder()
        .keep_alive_interval(KEEP_ALIVE)
        .default_path_keep_alive_interval(KEEP_ALIVE)
        .default_path_max_idle_timeout(IDLE_TIMEOUT)
        .max_concurrent_bidi_streams(0u8.into())
        .datagram_receive_buffer_size(None)
        // As in the framework's own endpoints: on some systems packets handed over in bundles are lost.
        .enable_segmentation_offload(false)
}

fn builder(transport: QuicTransportConfig) -> iroh::endpoint::Builder {
    Endpoint::builder(presets::Minimal)
        .relay_mode(RelayMode::Disabled)
        .portmapper_config(PortmapperConfig::Disabled)
        .clear_ip_transports()
        .transport_config(transport)
}

/// Where to dial `target` from: this machine alone for a target on it.
fn source_for(target: SocketAddr) -> SocketAddr {
    let address: IpAddr = match target.ip() {
        IpAddr::V4(ip) if ip.is_loopback() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(ip) if ip.is_loopback() => Ipv6Addr::LOCALHOST.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    SocketAddr::new(address, 0)
}

/// Shows the token on every connection before anything else uses it. The worker has proved by then that it has it, too.
#[derive(Debug)]
struct Introduction(SharedSecret);

impl EndpointHooks for Introduction {
    async fn after_handshake(&self, connection: &Connection) -> AfterHandshakeOutcome {
        if connection.side() == Side::Client {
            // What goes wrong is told by the connection to whoever uses it next.
            let _ = show(connection, &self.0.credential()).await;
        }
        AfterHandshakeOutcome::accept()
    }
}

async fn show(connection: &Connection, credential: &[u8]) -> Result<(), WriteError> {
    let mut stream = connection.open_uni().await?;
    stream.write_all(credential).await?;
    // A stream that is finished already is what this asks for.
    let _ = stream.finish();
    Ok(())
}
