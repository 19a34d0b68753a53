//! `stanzamail key`: the public key of this gateway. Whether it runs makes no difference: the key is a file that is made
//! once and never changed.

use super::owner;
use crate::store::signing_key::{self, SigningKeyError};
use std::io::{self, Write};
use std::path::Path;

/// Why there is no key to print. Each is a sentence for the admin.
#[derive(Debug, thiserror::Error)]
pub(super) enum KeyCommandError {
    /// The file with the key.
    #[error(transparent)]
    File(#[from] SigningKeyError),
    /// The store belongs to another user, who could not read a file that we make.
    #[error(
        "there is no key yet, and {path} belongs to {}, who could not read one that {} makes; run it as that user: \
         `{} stanzamail key`",
        owner::called(*owner), owner::called(*me), owner::run_as(*owner)
    )]
    Owner {
        /// The store.
        path: String,
        /// Whose it is.
        owner: u32,
        /// Who we are.
        me: u32,
    },
    /// The standard output.
    #[error("the standard output: {0}")]
    Output(#[from] io::Error),
}

/// Prints the public key of the gateway with the store in this folder.
pub(super) fn run(store_path: &Path) -> Result<(), KeyCommandError> {
    let line = line(store_path)?;
    Ok(writeln!(io::stdout().lock(), "{line}")?)
}

/// As it stands in the configuration of a peer.
fn line(store_path: &Path) -> Result<String, KeyCommandError> {
    if let Some((owner, me)) = owner::of_another(store_path)
        && !signing_key::is_there(store_path)
    {
        return Err(KeyCommandError::Owner {
            path: store_path.display().to_string(),
            owner,
            me,
        });
    }
    let signer = signing_key::open(store_path)?;
    Ok(format!("key = \"{}\"", signer.public()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::signature::PublicKey;

    #[test]
    fn what_is_printed_is_toml_and_always_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("new");
        let printed = line(&store).unwrap();
        assert_eq!(line(&store).unwrap(), printed);
        let table: toml::Table = printed.parse().unwrap();
        let key = table["key"].as_str().unwrap();
        let expected = signing_key::open(&store).unwrap().public();
        assert_eq!(PublicKey::parse(key), Ok(expected));
    }
}
