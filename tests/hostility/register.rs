//! docs/RELIABILITY.md names tests. They exist, under the number under which they are named.

use std::collections::BTreeSet;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn register() -> String {
    std::fs::read_to_string(format!("{ROOT}/docs/RELIABILITY.md")).expect("the document is there")
}

#[test]
fn every_test_that_is_named_exists() {
    let register = register();
    let named = register
        .split('`')
        .filter_map(|word| word.split_once(".rs::"));
    let mut count = 0;
    for (file, test) in named {
        let path = format!("{ROOT}/{file}.rs");
        let source = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
        assert!(
            source.contains(&format!("fn {test}(")),
            "{path} has no test {test}"
        );
        count += 1;
    }
    assert!(count > 80, "{count}");
}

#[test]
fn every_row_is_there_once() {
    let register = register();
    let rows: Vec<&str> = register
        .lines()
        .filter_map(|line| line.strip_prefix("### ")?.split('.').next())
        .filter(|name| name.starts_with(['A', 'B', 'C', 'D', 'E']) && name.len() < 4)
        .collect();
    let each: BTreeSet<_> = rows.iter().collect();
    assert_eq!(each.len(), rows.len());
    for (table, count) in [("A", 27), ("B", 16), ("C", 16), ("D", 15)] {
        let of_table = rows.iter().filter(|name| name.starts_with(table));
        assert_eq!(of_table.count(), count, "{table}");
    }
}
