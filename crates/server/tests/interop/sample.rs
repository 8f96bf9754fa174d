//! The folder that strangers' programs look into.

use std::fs;
use std::path::PathBuf;

use proof::zip;
use reqwest::Method;

use crate::world::World;

/// A folder of files.
pub struct Sample(PathBuf);

impl Sample {
    /// A folder that is made when the first file is written.
    pub fn new(folder: PathBuf) -> Self {
        Self(folder)
    }

    /// Writes a file, with the folders above it.
    pub fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    /// Keeps, and returns, what the server hands to its administrator.
    pub async fn fetch(&self, world: &World, path: &str, name: &str) -> Vec<u8> {
        let response = world.request(Method::GET, path).bearer_auth(&world.admin).send().await.unwrap();
        let (status, bytes) = (response.status(), response.bytes().await.unwrap());
        assert!(status.is_success(), "{path}: {status} {}", String::from_utf8_lossy(&bytes));
        self.write(name, &bytes);
        bytes.to_vec()
    }

    /// Writes the files of a bundle one by one.
    pub fn unpack(&self, folder: &str, bundle: &[u8]) {
        for (name, content) in zip::read(bundle).unwrap() {
            self.write(&format!("{folder}/{name}"), content);
        }
    }
}
