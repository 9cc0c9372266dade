//! Special categories of personal data (Art. 9 GDPR): what they are, and which names of fields give them away.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A special category of personal data, whose use the General Data Protection Regulation forbids unless one of the
/// grounds of its Article 9(2) applies.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SpecialCategory {
    /// Racial or ethnic origin.
    Origin,
    /// Political opinions.
    Politics,
    /// Religious or philosophical beliefs.
    Belief,
    /// Trade union membership.
    TradeUnion,
    /// Genetic data.
    Genetic,
    /// Biometric data that identify a person.
    Biometric,
    /// Health.
    Health,
    /// Sex life or sexual orientation.
    Sexuality,
}

/// Words and phrases that give a category away, in English and German. Umlauts are written out.
const TELLING: [(SpecialCategory, &str); 8] = [
    (
        SpecialCategory::Origin,
        "race, racial, ethnic, ethnicity, ethnie, ethnisch, ethnische, rasse, tribe, caste, skin color, \
         skin colour, hautfarbe, migrationshintergrund",
    ),
    (
        SpecialCategory::Politics,
        "political, politics, party membership, party affiliation, politisch, politische, politik, \
         partei, parteimitglied, parteimitgliedschaft, parteizugehoerigkeit, wahlverhalten",
    ),
    (
        SpecialCategory::Belief,
        "religion, religious, religiosity, faith, church, denomination, creed, belief, beliefs, \
         religioes, religioese, religionszugehoerigkeit, konfession, kirche, kirchensteuer, glaube, \
         weltanschauung",
    ),
    (
        SpecialCategory::TradeUnion,
        "trade union, labor union, labour union, union member, union membership, gewerkschaft, \
         gewerkschaftsmitglied, gewerkschaftsmitgliedschaft",
    ),
    (
        SpecialCategory::Genetic,
        "genetic, genetics, genome, genotype, gene, genes, dna, genetisch, genetische, erbgut",
    ),
    (
        SpecialCategory::Biometric,
        "biometric, biometrics, fingerprint, faceprint, voiceprint, iris scan, biometrie, biometrisch, \
         biometrische, fingerabdruck",
    ),
    (
        SpecialCategory::Health,
        "health, medical, medication, disease, illness, diagnosis, diagnoses, disability, disabilities, \
         handicap, pregnant, pregnancy, allergy, allergies, patient, therapy, symptom, symptoms, \
         diabetes, diabetic, cancer, hiv, bmi, blood type, blood group, blood pressure, gesundheit, \
         gesundheitszustand, krank, krankheit, krankheiten, erkrankung, diagnose, behinderung, \
         schwerbehinderung, schwanger, schwangerschaft, allergie, allergien, medikament, medikamente, \
         therapie, krankenkasse, pflegegrad, blutgruppe, blutdruck",
    ),
    (
        SpecialCategory::Sexuality,
        "sexual, sexuality, sex life, gay, lesbian, homosexual, bisexual, lgbt, lgbtq, sexuell, \
         sexuelle, sexualitaet, sexualleben, schwul, lesbisch, homosexuell",
    ),
];

/// The words and phrases of a list.
fn phrases(list: &str) -> impl Iterator<Item = &str> {
    list.split(", ")
}

impl SpecialCategory {
    /// The category that the name of a field gives away, if it has a telling word: `church_member`, `bloodType`,
    /// `Schwangerschaft`.
    ///
    /// Whole words count, however they are put together (`snake_case`, `camelCase`, blanks), in English and German.
    /// This is a safety net and no guarantee: a field called `q17` can hold a diagnosis, and one called `race` the
    /// favourite kind of sport.
    ///
    /// ```
    /// use kohort::profiles::SpecialCategory;
    ///
    /// assert_eq!(SpecialCategory::told_by("bloodType"), Some(SpecialCategory::Health));
    /// assert_eq!(SpecialCategory::told_by("Religionszugehörigkeit"), Some(SpecialCategory::Belief));
    /// assert_eq!(SpecialCategory::told_by("finds_it_healthy"), None);
    /// ```
    #[must_use]
    pub fn told_by(name: &str) -> Option<Self> {
        // Words with a blank before and after each, so that a phrase is found by its text.
        let words = format!(" {} ", words(name).join(" "));
        let tells = |phrase: &str| words.contains(&format!(" {phrase} "));
        TELLING.iter().find(|(_, list)| phrases(list).any(tells)).map(|(category, _)| *category)
    }
}

impl fmt::Display for SpecialCategory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Origin => "racial or ethnic origin",
            Self::Politics => "political opinions",
            Self::Belief => "religious or philosophical beliefs",
            Self::TradeUnion => "trade union membership",
            Self::Genetic => "genetic data",
            Self::Biometric => "biometric data",
            Self::Health => "health",
            Self::Sexuality => "sex life or sexual orientation",
        })
    }
}

/// The words of a name in lower case, umlauts written out.
fn words(name: &str) -> Vec<String> {
    // The second form of an umlaut is a letter and a mark of its own.
    let letters: Vec<char> = name.chars().filter(|letter| *letter != '\u{ad}').collect();
    let is_inside = |letter: char| letter.is_alphanumeric() || letter == '\u{308}';
    let mut words: Vec<String> = vec![String::new()];
    for (index, letter) in letters.iter().copied().enumerate() {
        let before = index.checked_sub(1).map(|index| letters[index]);
        let after = letters.get(index + 1);
        let starts = before.is_some_and(|before| {
            // `bloodType`, the T of `DNATest`, and where digits meet letters.
            (letter.is_uppercase() && before.is_lowercase())
                || (letter.is_uppercase()
                    && before.is_uppercase()
                    && after.is_some_and(|after| after.is_lowercase()))
                || (letter.is_numeric() != before.is_numeric() && is_inside(letter))
        });
        if starts || !is_inside(letter) {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| is_inside(letter)) {
            for lower in letter.to_lowercase() {
                match lower {
                    'ä' => word.push_str("ae"),
                    'ö' => word.push_str("oe"),
                    'ü' => word.push_str("ue"),
                    'ß' => word.push_str("ss"),
                    '\u{308}' => word.push('e'),
                    other => word.push(other),
                }
            }
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_apart_into_words() {
        for (name, expected) in [
            ("bloodType2", "blood type 2"),
            ("DNATest", "dna test"),
            ("HTTPServerHIV", "http server hiv"),
            ("union-member (ja/nein)", "union member ja nein"),
            ("Religionszugeho\u{308}rigkeit", "religionszugehoerigkeit"),
            ("GRÖSSE_maß", "groesse mass"),
            ("", ""),
            ("__", ""),
        ] {
            assert_eq!(words(name).join(" "), expected, "{name}");
        }
    }

    #[test]
    fn every_telling_word_tells_its_category_and_parts_of_words_do_not() {
        for (category, list) in TELLING {
            for phrase in phrases(list) {
                let snake = format!("q1_{}_2024", phrase.replace(' ', "_"));
                let loud = phrase.to_uppercase();
                for name in [snake.as_str(), phrase, &loud] {
                    assert_eq!(SpecialCategory::told_by(name), Some(category), "{name}");
                }
                assert_eq!(
                    SpecialCategory::told_by(&format!("x{}x", phrase.replace(' ', ""))),
                    None,
                    "{phrase}"
                );
            }
        }
        for harmless in
            ["gender", "embrace", "healthy", "union_jack", "trace", "city", "partner", "screen_orientation"]
        {
            assert_eq!(SpecialCategory::told_by(harmless), None, "{harmless}");
        }
        assert_eq!(SpecialCategory::told_by("sexualOrientation"), Some(SpecialCategory::Sexuality));
        assert_eq!(SpecialCategory::told_by("tradeUnionMember"), Some(SpecialCategory::TradeUnion));
    }
}
