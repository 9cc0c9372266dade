//! The text column of a log from those of its blocks: one set of levels, in byte order, and their codes.
//!
//! Distinct texts are told apart within 64 shards by hash, so that each shard's table fits a processor's cache, then
//! sorted. O(distinct texts of all blocks + levels · log levels + rows), in parallel.

use std::hash::BuildHasher;
use std::sync::Arc;

use hashbrown::{DefaultHashBuilder, HashTable};
use rayon::prelude::*;

use crate::category::{Category, Levels, MISSING};
use crate::transaction::csv::texts::{Dictionary, Texts};

/// Fixed, so that nothing depends on the number of threads.
const SHARDS: usize = 64;

/// A text column that grows block by block. Codes are those of each block's dictionary until it is finished.
#[derive(Default)]
pub(super) struct JoinedTexts {
    codes: Vec<u32>,
    blocks: Vec<Block>,
}

/// The texts of one block and how many rows it has.
struct Block {
    dictionary: Dictionary,
    rows: usize,
}

/// The texts of a block, grouped by shard.
struct Groups {
    order: Vec<u32>,
    /// Where each shard's group ends in `order`.
    ends: [u32; SHARDS],
}

/// The distinct texts of a shard, each by block and position there, and for every text that came by its number
/// among those.
#[derive(Default)]
struct Shard {
    distinct: Vec<(u32, u32)>,
    numbers: Vec<u32>,
    /// Where each block begins in `numbers`.
    starts: Vec<u32>,
}

impl Groups {
    fn of(dictionary: &Dictionary, hasher: &DefaultHashBuilder) -> Self {
        let shards: Vec<u8> =
            (0..dictionary.len()).map(|text| (hasher.hash_one(dictionary.get(text)) >> 58) as u8).collect();
        let mut ends = [0; SHARDS];
        for shard in &shards {
            ends[usize::from(*shard)] += 1;
        }
        let mut end = 0;
        let mut next = ends.map(|count: u32| {
            end += count;
            end - count
        });
        let mut order = vec![0; shards.len()];
        for (text, shard) in shards.iter().enumerate() {
            let place = &mut next[usize::from(*shard)];
            order[*place as usize] = text as u32;
            *place += 1;
        }
        Self { order, ends: next }
    }

    fn of_shard(&self, shard: usize) -> &[u32] {
        let start = if shard == 0 { 0 } else { self.ends[shard - 1] };
        &self.order[start as usize..self.ends[shard] as usize]
    }
}

impl JoinedTexts {
    /// Adds the rows of the next block and leaves its column empty.
    pub(super) fn take(&mut self, texts: &mut Texts) {
        self.codes.extend_from_slice(&texts.codes);
        let rows = texts.codes.len();
        self.blocks.push(Block { dictionary: texts.take(), rows });
    }

    /// The column.
    pub(super) fn finish(self) -> Category {
        let Self { mut codes, blocks } = self;
        let hasher = DefaultHashBuilder::default();
        let groups: Vec<Groups> =
            blocks.par_iter().map(|block| Groups::of(&block.dictionary, &hasher)).collect();
        let shards: Vec<Shard> =
            (0..SHARDS).into_par_iter().map(|shard| distinct(&blocks, &groups, shard, &hasher)).collect();
        let (levels, ranks) = ranked(&blocks, &shards);

        let mut rest = codes.as_mut_slice();
        let mut rows = Vec::with_capacity(blocks.len());
        for block in &blocks {
            let (of_block, behind) = rest.split_at_mut(block.rows);
            rows.push(of_block);
            rest = behind;
        }
        rows.into_par_iter().enumerate().for_each(|(block, codes)| {
            let mut levels = vec![MISSING; blocks[block].dictionary.len()];
            for (index, (shard, ranks)) in shards.iter().zip(&ranks).enumerate() {
                let texts = groups[block].of_shard(index);
                let numbers = &shard.numbers[shard.starts[block] as usize..][..texts.len()];
                for (text, number) in texts.iter().zip(numbers) {
                    levels[*text as usize] = ranks[*number as usize];
                }
            }
            for code in codes {
                *code = levels.get(*code as usize).copied().unwrap_or(MISSING);
            }
        });
        Category { codes, levels: Arc::new(levels) }
    }
}

/// Tells the texts of one shard apart.
fn distinct(blocks: &[Block], groups: &[Groups], shard: usize, hasher: &DefaultHashBuilder) -> Shard {
    let mut found = Shard::default();
    let mut table: HashTable<u32> = HashTable::new();
    for (index, (block, groups)) in blocks.iter().zip(groups).enumerate() {
        found.starts.push(found.numbers.len() as u32);
        for position in groups.of_shard(shard) {
            let text = block.dictionary.get(*position as usize);
            let known = |number: u32| {
                let (block, position) = found.distinct[number as usize];
                blocks[block as usize].dictionary.get(position as usize)
            };
            let hash = hasher.hash_one(text);
            let number = if let Some(number) = table.find(hash, |number| known(*number) == text) {
                *number
            } else {
                let number = found.distinct.len() as u32;
                table.insert_unique(hash, number, |number| hasher.hash_one(known(*number)));
                found.distinct.push((index as u32, *position));
                number
            };
            found.numbers.push(number);
        }
    }
    found
}

/// The levels, and for each shard the code of each of its texts.
fn ranked(blocks: &[Block], shards: &[Shard]) -> (Levels, Vec<Vec<u32>>) {
    /// A text's first sixteen bytes, which decide nearly all comparisons, and where it is.
    struct Entry<'t> {
        head: u128,
        text: &'t str,
        shard: u8,
        number: u32,
    }
    let mut entries: Vec<Entry<'_>> = shards
        .par_iter()
        .enumerate()
        .flat_map_iter(|(shard, found)| {
            found.distinct.iter().enumerate().map(move |(number, (block, position))| {
                let text = blocks[*block as usize].dictionary.get(*position as usize);
                Entry { head: head(text), text, shard: shard as u8, number: number as u32 }
            })
        })
        .collect();
    entries.par_sort_unstable_by(|a, b| a.head.cmp(&b.head).then_with(|| a.text.cmp(b.text)));
    let mut ranks: Vec<Vec<u32>> = shards.iter().map(|found| vec![0; found.distinct.len()]).collect();
    for (rank, entry) in entries.iter().enumerate() {
        ranks[usize::from(entry.shard)][entry.number as usize] = rank as u32;
    }
    (Levels::ascending(entries.iter().map(|entry| entry.text)), ranks)
}

/// The first sixteen bytes of a text as a number that orders as they do; zeros stand where it is shorter.
fn head(text: &str) -> u128 {
    let mut bytes = [0; 16];
    let length = text.len().min(16);
    bytes[..length].copy_from_slice(&text.as_bytes()[..length]);
    u128::from_be_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::transaction::csv::texts::Cell;

    proptest! {
        #[test]
        fn columns_of_blocks_joined_equal_one_column_of_all_rows(
            blocks in prop::collection::vec(
                prop::collection::vec("[a-c]{0,3}|[ab\0]{14,18}|é[a-z]{0,2}", 0..30), 0..8,
            ),
        ) {
            let mut texts = Texts::default();
            let mut joined = JoinedTexts::default();
            for block in &blocks {
                for text in block {
                    texts.push(Cell::of(text));
                }
                joined.take(&mut texts);
            }
            let all = blocks.iter().flatten().map(|text| Some(text.as_str()));
            prop_assert!(joined.finish() == Category::from_texts(all));
        }
    }
}
