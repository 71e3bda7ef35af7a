//! The GPU that tests run on, through Vulkan, Metal or DirectX.

use burn::tensor::Device;

/// The GPU, if an adapter exists; a process opens it once. With `MMREC_REQUIRE_GPU` set, a missing adapter fails.
pub fn device() -> Option<Device> {
    match pollster::block_on(mmrec::platform::device("wgpu")) {
        Ok((device, name)) => {
            println!("on {name}");
            Some(device)
        }
        Err(error) if std::env::var_os("MMREC_REQUIRE_GPU").is_none() => {
            println!("not run: {}", mmrec::explain(&error));
            None
        }
        Err(error) => panic!("{}", mmrec::explain(&error)),
    }
}
