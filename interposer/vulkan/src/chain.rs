//! Chains of structures: `pNext`.

use std::ffi::c_void;
use std::ptr::NonNull;

use ash::vk::{BaseInStructure, StructureType};

/// Any structure of a chain.
type BaseOutStructure = ash::vk::BaseOutStructure<'static>;

/// The first structure of a type in a chain.
///
/// # Safety
/// The chain is a valid one, and `T` is what has this type.
pub unsafe fn find<'a, T>(chain: *const c_void, kind: StructureType) -> Option<&'a T> {
    let mut next = chain.cast::<BaseInStructure>();
    // SAFETY: each structure of a chain begins with its type and the next one's address.
    while let Some(structure) = unsafe { next.as_ref() } {
        if structure.s_type == kind {
            // SAFETY: the caller's contract.
            return unsafe { next.cast::<T>().as_ref() };
        }
        next = structure.p_next;
    }
    None
}

/// The same of a chain that is to be filled in.
///
/// # Safety
/// As [`find`]; nobody else uses the structure meanwhile.
pub unsafe fn find_mut<'a, T>(chain: *mut c_void, kind: StructureType) -> Option<&'a mut T> {
    let mut next = chain.cast::<BaseOutStructure>();
    // SAFETY: as in `find`.
    while let Some(structure) = unsafe { next.as_ref() } {
        if structure.s_type == kind {
            // SAFETY: the caller's contract.
            return unsafe { next.cast::<T>().as_mut() };
        }
        next = structure.p_next;
    }
    None
}

/// Structures that were taken out of a chain, which is put together again on drop.
///
/// The chain is the program's and constant to it, but a structure of unknown size cannot be copied: its link is bent for as
/// long as a call lasts.
pub struct Cut {
    /// Where a link was changed, and what it was.
    links: Vec<(NonNull<*mut BaseOutStructure>, *mut BaseOutStructure)>,
}

impl Cut {
    /// Takes all structures of these types out of the chain that begins at `first`.
    ///
    /// # Safety
    /// The chain is a valid one, lives as long as the value and is used by nobody else meanwhile.
    pub unsafe fn new(first: &mut *const c_void, kinds: &[StructureType]) -> Cut {
        let mut links = Vec::new();
        let mut link = NonNull::from(first).cast::<*mut BaseOutStructure>();
        loop {
            // SAFETY: `link` is the caller's value, or a link of the chain.
            let next = unsafe { *link.as_ptr() };
            // SAFETY: a structure of a valid chain.
            let Some(structure) = (unsafe { next.as_mut() }) else { break };
            if kinds.contains(&structure.s_type) {
                links.push((link, next));
                // SAFETY: as above; the caller lets us write.
                unsafe { *link.as_ptr() = structure.p_next };
            } else {
                link = NonNull::from(&mut structure.p_next);
            }
        }
        Cut { links }
    }
}

impl Drop for Cut {
    fn drop(&mut self) {
        for (link, was) in self.links.drain(..).rev() {
            // SAFETY: the chain still lives.
            unsafe { *link.as_ptr() = was };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(mut chain: *const c_void) -> Vec<i32> {
        let mut found = Vec::new();
        // SAFETY: the tests' chains are valid.
        while let Some(structure) = unsafe { chain.cast::<BaseInStructure>().as_ref() } {
            found.push(structure.s_type.as_raw());
            chain = structure.p_next.cast();
        }
        found
    }

    #[test]
    fn cut_and_whole_again() {
        let mut structures = [1, 2, 3, 2].map(|kind| BaseOutStructure {
            s_type: StructureType::from_raw(kind),
            ..BaseOutStructure::default()
        });
        let start = structures.as_mut_ptr();
        for index in 0..3 {
            // SAFETY: elements of one array.
            unsafe { (*start.add(index)).p_next = start.add(index + 1) };
        }
        let mut first: *const c_void = start.cast();
        for (cut, left) in [(vec![2], vec![1, 3]), (vec![1, 3], vec![2, 2]), (vec![1, 2, 3], vec![])] {
            let types: Vec<StructureType> = cut.into_iter().map(StructureType::from_raw).collect();
            // SAFETY: the array outlives the value.
            let cut = unsafe { Cut::new(&mut first, &types) };
            // `first` is read past the borrow that has ended.
            assert_eq!(kinds(first), left);
            drop(cut);
            assert_eq!(kinds(first), [1, 2, 3, 2]);
        }
    }
}
