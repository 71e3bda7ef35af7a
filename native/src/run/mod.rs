//! What a run keeps: its folder and the files in it.

pub mod adapter_file;
pub mod checkpoint_file;
pub mod file_names;
pub mod folder;
pub mod keep;
pub mod loss_svg;
pub mod metrics;
pub mod own_folders;
pub mod settings_file;
