//! What the program is made of, by `deny.toml`: licences, versions and crates that it must not have. `cargo deny` looks at
//! that, too, and at advisories; this needs neither it nor the network.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;

struct Package {
    name: String,
    version: String,
    license: String,
}

/// All that is compiled for the tests and the program on one target.
fn packages(target: &str) -> Vec<Package> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--locked", "--offline"])
        .arg(format!("--filter-platform={target}"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs this test");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let all: Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let nodes = all["resolve"]["nodes"].as_array().expect("what is used");
    let used: BTreeSet<String> = nodes.iter().map(|node| text(&node["id"])).collect();
    let packages = all["packages"].as_array().expect("what is known");
    packages
        .iter()
        .filter(|package| used.contains(&text(&package["id"])))
        // Our own.
        .filter(|package| !package["source"].is_null())
        .map(|package| Package {
            name: text(&package["name"]),
            version: text(&package["version"]),
            license: text(&package["license"]),
        })
        .collect()
}

fn rules() -> toml::Table {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/deny.toml");
    fs::read_to_string(path)
        .expect("it is there")
        .parse()
        .expect("it is TOML")
}

fn strings(list: &toml::Value) -> BTreeSet<String> {
    let list = list.as_array().expect("a list");
    list.iter()
        .map(|one| one.as_str().expect("a text").to_owned())
        .collect()
}

/// An expression of SPDX with one level of brackets, which is what there is; the slash is the older OR.
fn is_allowed(license: &str, allowed: &BTreeSet<String>) -> bool {
    let license = license.replace('/', " OR ");
    license.split(" AND ").all(|part| {
        let part = part.trim().trim_start_matches('(').trim_end_matches(')');
        part.split(" OR ").any(|one| allowed.contains(one.trim()))
    })
}

#[test]
fn only_licences_that_are_allowed_and_no_crate_that_is_not() {
    let rules = rules();
    let allowed = strings(&rules["licenses"]["allow"]);
    let forbidden = strings(&rules["bans"]["deny"]);
    for target in strings(&rules["graph"]["targets"]) {
        let packages = packages(&target);
        assert!(packages.len() > 100, "all of them are listed");
        for package in &packages {
            let Package { name, license, .. } = package;
            assert!(
                is_allowed(license, &allowed),
                "{name} has the licence {license:?}; see deny.toml"
            );
            assert!(
                !forbidden.contains(name),
                "{name} is forbidden by deny.toml: cargo tree -i {name}"
            );
        }
    }
}

#[test]
fn two_versions_of_a_crate_only_where_it_is_said_why() {
    let rules = rules();
    let skipped: BTreeSet<&str> = rules["bans"]["skip"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| one["crate"].as_str().expect("a crate"))
        .collect();
    let mut used = BTreeSet::new();
    let mut versions: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for target in strings(&rules["graph"]["targets"]) {
        for package in packages(&target) {
            versions
                .entry(package.name)
                .or_default()
                .insert(package.version);
        }
    }
    for (name, versions) in &versions {
        let mut is_skipped = |version: &&String| {
            let skip = skipped.iter().find(|skip| {
                let of = skip
                    .strip_prefix(name.as_str())
                    .and_then(|rest| rest.strip_prefix('@'));
                of.is_some_and(|wanted| {
                    version.as_str() == wanted || version.starts_with(&format!("{wanted}."))
                })
            });
            used.extend(skip.copied());
            skip.is_some()
        };
        let rest: Vec<&String> = versions
            .iter()
            .filter(|version| !is_skipped(version))
            .collect();
        assert!(
            rest.len() < 2,
            "there are {name} {rest:?}: cargo tree -i {name}; see deny.toml"
        );
    }
    assert_eq!(skipped, used, "what deny.toml skips is there");
}

#[test]
fn expressions_of_licences_are_understood() {
    let allowed = ["MIT", "ISC"].map(str::to_owned).into();
    for good in [
        "MIT",
        "Apache-2.0/MIT",
        "GPL OR ISC",
        "(GPL OR MIT) AND ISC",
    ] {
        assert!(is_allowed(good, &allowed), "{good}");
    }
    for bad in ["", "GPL", "MIT AND GPL", "(GPL OR MIT) AND GPL", "MITT"] {
        assert!(!is_allowed(bad, &allowed), "{bad}");
    }
}
