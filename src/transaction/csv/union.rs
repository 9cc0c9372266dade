//! The text column of a log from those of its blocks: one set of levels, in byte order, and their codes.
//!
//! Distinct texts are told apart within 128 shards by hash, so that a shard's table fits a processor's cache, then
//! sorted. O(distinct texts of all blocks + levels · log levels + rows), in parallel.

use std::cmp::Ordering;
use std::hash::BuildHasher;
use std::sync::Arc;

use hashbrown::{DefaultHashBuilder, HashTable};
use rayon::prelude::*;

use crate::category::{Category, Levels, MISSING};
use crate::transaction::csv::texts::{Dictionary, Key, LongTexts, Texts};

/// Fixed, so that nothing depends on the number of threads.
const SHARDS: usize = 128;

/// A text column that grows block by block. Codes are those of each block's dictionary until it is finished.
#[derive(Default)]
pub(super) struct JoinedTexts {
    codes: Vec<u32>,
    /// The texts of each block and how many rows it has.
    blocks: Vec<(Dictionary, usize)>,
}

/// The texts of a block, grouped by shard, each with its code there.
struct Grouped {
    texts: Vec<(Key, u32)>,
    /// Where each shard's group ends.
    ends: [u32; SHARDS],
    long: LongTexts,
}

/// The distinct texts of a shard, each with a block that has it, and for every text that came by its number among
/// those.
#[derive(Default)]
struct Shard {
    distinct: Vec<(Key, u32)>,
    numbers: Vec<u32>,
    /// Where each block begins in `numbers`.
    starts: Vec<u32>,
}

impl Grouped {
    fn new(dictionary: Dictionary, hasher: &DefaultHashBuilder) -> Self {
        let Dictionary { keys, long } = dictionary;
        let shards: Vec<u8> = keys.iter().map(|key| (hash(*key, &long, hasher) >> 57) as u8).collect();
        let mut counts = [0; SHARDS];
        for shard in &shards {
            counts[usize::from(*shard)] += 1;
        }
        let mut end = 0;
        let mut next = counts.map(|count: u32| {
            end += count;
            end - count
        });
        let mut texts = vec![(Key::EMPTY, 0); keys.len()];
        for (code, (key, shard)) in keys.into_iter().zip(shards).enumerate() {
            let place = &mut next[usize::from(shard)];
            texts[*place as usize] = (key, code as u32);
            *place += 1;
        }
        Self { texts, ends: next, long }
    }

    fn of_shard(&self, shard: usize) -> &[(Key, u32)] {
        let start = if shard == 0 { 0 } else { self.ends[shard - 1] };
        &self.texts[start as usize..self.ends[shard] as usize]
    }
}

#[inline]
fn hash(key: Key, long: &LongTexts, hasher: &DefaultHashBuilder) -> u64 {
    match key.position() {
        None => hasher.hash_one(key),
        Some(position) => hasher.hash_one(long.get(position)),
    }
}

impl JoinedTexts {
    /// Makes room for so many more rows, as far as memory goes.
    pub(super) fn reserve(&mut self, rows: usize) {
        let _ = self.codes.try_reserve(rows);
    }

    /// Adds the rows of the next block and leaves its column empty.
    pub(super) fn take(&mut self, texts: &mut Texts) {
        self.codes.extend_from_slice(&texts.codes);
        let rows = texts.codes.len();
        self.blocks.push((texts.take(), rows));
    }

    /// The column.
    pub(super) fn finish(self) -> Category {
        let Self { mut codes, blocks } = self;
        let hasher = DefaultHashBuilder::default();
        let (grouped, rows): (Vec<Grouped>, Vec<usize>) = blocks
            .into_par_iter()
            .map(|(dictionary, rows)| (Grouped::new(dictionary, &hasher), rows))
            .unzip();
        let shards: Vec<Shard> =
            (0..SHARDS).into_par_iter().map(|shard| distinct(&grouped, shard, &hasher)).collect();
        let (levels, ranks) = ranked(&grouped, &shards);

        let mut rest = codes.as_mut_slice();
        let mut of_blocks = Vec::with_capacity(rows.len());
        for rows in rows {
            let (of_block, behind) = rest.split_at_mut(rows);
            of_blocks.push(of_block);
            rest = behind;
        }
        of_blocks.into_par_iter().enumerate().for_each(|(block, codes)| {
            let mut levels = vec![MISSING; grouped[block].texts.len()];
            for (index, (shard, ranks)) in shards.iter().zip(&ranks).enumerate() {
                let numbers = &shard.numbers[shard.starts[block] as usize..];
                for ((_, code), number) in grouped[block].of_shard(index).iter().zip(numbers) {
                    levels[*code as usize] = ranks[*number as usize];
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
fn distinct(grouped: &[Grouped], shard: usize, hasher: &DefaultHashBuilder) -> Shard {
    let mut found = Shard::default();
    let mut table: HashTable<(Key, u32)> = HashTable::new();
    let long = |block: u32| &grouped[block as usize].long;
    for (index, block) in grouped.iter().enumerate() {
        let Shard { distinct, numbers, starts } = &mut found;
        starts.push(numbers.len() as u32);
        for (key, _) in block.of_shard(shard) {
            let same = |(known, number): &(Key, u32)| match (key.position(), known.position()) {
                (None, _) => known == key,
                (Some(ours), Some(theirs)) => {
                    block.long.get(ours) == long(distinct[*number as usize].1).get(theirs)
                }
                _ => false,
            };
            let hash_of = hash(*key, &block.long, hasher);
            let number = if let Some((_, number)) = table.find(hash_of, same) {
                *number
            } else {
                let number = distinct.len() as u32;
                distinct.push((*key, index as u32));
                table.insert_unique(hash_of, (*key, number), |(key, number)| {
                    hash(*key, long(distinct[*number as usize].1), hasher)
                });
                number
            };
            numbers.push(number);
        }
    }
    found
}

/// A distinct text, and where it was found.
struct Entry<'t> {
    key: Key,
    /// The text, where the key does not say it.
    long: Option<&'t str>,
    shard: u8,
    number: u32,
}

/// The levels, and for each shard the code of each of its texts.
fn ranked(grouped: &[Grouped], shards: &[Shard]) -> (Levels, Vec<Vec<u32>>) {
    let mut entries: Vec<Entry<'_>> = shards
        .par_iter()
        .enumerate()
        .flat_map_iter(|(shard, found)| {
            found.distinct.iter().enumerate().map(move |(number, (key, block))| {
                let long = key.position().map(|position| grouped[*block as usize].long.get(position));
                let key = long.map_or(*key, Key::of_beginning);
                Entry { key, long, shard: shard as u8, number: number as u32 }
            })
        })
        .collect();
    entries.par_sort_unstable_by(|a, b| match a.key.cmp(&b.key) {
        // Only long texts can begin alike and differ.
        Ordering::Equal => a.long.cmp(&b.long),
        order => order,
    });
    let mut ranks: Vec<Vec<u32>> = shards.iter().map(|found| vec![0; found.distinct.len()]).collect();
    let mut levels = Levels::default();
    for (rank, entry) in entries.iter().enumerate() {
        ranks[usize::from(entry.shard)][entry.number as usize] = rank as u32;
        match entry.long {
            Some(text) => levels.push_larger(text),
            None => levels.push_larger(entry.key.text(&mut [0; 16])),
        }
    }
    (levels, ranks)
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
                prop::collection::vec("[a-c]{0,3}|[ab\0]{14,18}|é[a-z]{0,2}|[ab]{30}|[\0a]{0,15}", 0..30), 0..8,
            ),
        ) {
            let mut texts = Texts::default();
            let mut joined = JoinedTexts::default();
            for block in &blocks {
                for text in block {
                    let padded = [text.as_bytes(), &[b'x'; 16]].concat();
                    if text.len() % 2 == 0 {
                        texts.push_at(&padded, 0, text.len(), false);
                    } else {
                        texts.push(Cell::of(text));
                    }
                }
                joined.take(&mut texts);
            }
            let all = blocks.iter().flatten().map(|text| Some(text.as_str()));
            prop_assert!(joined.finish() == Category::from_texts(all));
        }
    }
}
