//! The connection: QUIC between two addresses, encrypted, with no relay, no look-up service and no request to a router.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context, Result};
use iroh::endpoint::{PortmapperConfig, QuicTransportConfig, presets};
use iroh::{Endpoint, RelayMode, SecretKey};

/// A silent side is taken for lost after this; each lets the other hear from it more often, also while it computes.
const SILENCE: Duration = Duration::from_secs(15);
const SIGN_OF_LIFE: Duration = Duration::from_secs(3);

/// The protocol of a connection that only finds out whether a worker with the token is there.
pub const KNOCK: &[u8] = b"mmrec/knock";

/// Binds `address` and nothing else. `protocols`: what incoming connections may ask for, if any are accepted.
pub async fn bind(address: SocketAddr, key: SecretKey, protocols: &[&[u8]]) -> Result<Endpoint> {
    let transport = QuicTransportConfig::builder()
        .keep_alive_interval(SIGN_OF_LIFE)
        .default_path_keep_alive_interval(SIGN_OF_LIFE)
        .default_path_max_idle_timeout(SILENCE)
        // As in the framework's own endpoints: on some systems packets handed over in bundles are lost.
        .enable_segmentation_offload(false)
        .build();
    let builder = Endpoint::builder(presets::Minimal)
        .relay_mode(RelayMode::Disabled)
        .portmapper_config(PortmapperConfig::Disabled)
        .clear_ip_transports()
        .transport_config(transport)
        .secret_key(key)
        .alpns(protocols.iter().map(|protocol| protocol.to_vec()).collect());
    let bound =
        builder.bind_addr(address).with_context(|| format!("{address} is no address to listen on"))?.bind().await;
    bound.with_context(|| format!("cannot listen on {address}: is another program listening there?"))
}

/// Where to dial `target` from: this machine alone for a target on it.
pub fn source_for(target: SocketAddr) -> SocketAddr {
    let address: IpAddr = match target.ip() {
        IpAddr::V4(ip) if ip.is_loopback() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(ip) if ip.is_loopback() => Ipv6Addr::LOCALHOST.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    SocketAddr::new(address, 0)
}
