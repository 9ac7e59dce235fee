//! Configs that the user forces on programs: `--samples` and `--force-alpha`.
//!
//! What is not offered cannot be chosen, so that neither programs that list all configs nor those that ask for a visual
//! get round it.

use std::ffi::c_int;

use glxrun_contract::settings::Settings;

/// What configs must have to be offered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Offer {
    samples: Option<c_int>,
    alpha: bool,
}

impl Offer {
    /// What the settings ask for, as far as there is any such config; `configs` are the samples and the bits of alpha of
    /// each.
    pub fn new(settings: &Settings, configs: impl Iterator<Item = (c_int, c_int)> + Clone) -> Self {
        let alpha = settings.force_alpha && configs.clone().any(|(_, alpha)| alpha > 0);
        let fitting = || configs.clone().filter(|(_, bits)| !alpha || *bits > 0).map(|(samples, _)| samples);
        let samples = settings.samples.map(|wanted| wanted as c_int).and_then(|wanted| {
            let enough = fitting().filter(|samples| *samples >= wanted).min();
            let found = enough.filter(|_| wanted > 0).or_else(|| {
                if wanted == 0 { fitting().find(|samples| *samples == 0) } else { fitting().max() }
            })?;
            if found != wanted {
                log::warn!("the 3D side has no configs with {wanted} samples: windows get {found}");
            }
            Some(found)
        });
        if settings.force_alpha && !alpha {
            log::warn!("the 3D side has no configs with alpha");
        }
        Self { samples, alpha }
    }

    /// Whether a config with so many samples and bits of alpha is offered.
    pub fn fits(self, samples: c_int, alpha: c_int) -> bool {
        self.samples.is_none_or(|wanted| samples == wanted) && (!self.alpha || alpha > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIGS: [(c_int, c_int); 6] = [(0, 0), (0, 8), (4, 0), (4, 8), (8, 0), (1, 0)];

    fn offered(samples: Option<u32>, force_alpha: bool) -> Vec<(c_int, c_int)> {
        let settings = Settings { samples, force_alpha, ..Settings::default() };
        let offer = Offer::new(&settings, CONFIGS.into_iter());
        CONFIGS.into_iter().filter(|&(samples, alpha)| offer.fits(samples, alpha)).collect()
    }

    #[test]
    fn what_is_forced_is_all_that_is_offered() {
        assert_eq!(offered(None, false), CONFIGS);
        assert_eq!(offered(Some(0), false), [(0, 0), (0, 8)]);
        assert_eq!(offered(Some(4), false), [(4, 0), (4, 8)]);
        assert_eq!(offered(None, true), [(0, 8), (4, 8)]);
        assert_eq!(offered(Some(4), true), [(4, 8)]);
    }

    #[test]
    fn the_nearest_there_is_stands_in() {
        assert_eq!(offered(Some(3), false), [(4, 0), (4, 8)], "more where there are not as many");
        assert_eq!(offered(Some(16), false), [(8, 0)], "else the most");
        assert_eq!(offered(Some(16), true), [(4, 8)]);
        let settings = Settings { force_alpha: true, ..Settings::default() };
        assert!(Offer::new(&settings, [(0, 0)].into_iter()).fits(0, 0), "better none than nothing");
    }
}
