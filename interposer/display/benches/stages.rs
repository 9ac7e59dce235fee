//! What the poster's thread does to the pixels of a frame, beside a plain copy of them: `cargo bench -p glxrun-display`.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use glxrun_display::Finish;

/// Width and height of the frames, 4 bytes a pixel.
const SIZES: [(usize, usize); 4] = [(640, 480), (1280, 720), (1920, 1080), (3840, 2160)];

fn stages(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("frame");
    for (width, height) in SIZES {
        let stride = width * 4;
        let mut pixels: Vec<u8> = (0..stride * height).map(|byte| byte as u8).collect();
        group.throughput(Throughput::Bytes(pixels.len() as u64));
        let size = format!("{width}x{height}");
        let mut slot = vec![0; pixels.len()];
        group.bench_function(BenchmarkId::new("copy", &size), |bencher| {
            bencher.iter(|| slot.copy_from_slice(&pixels));
        });
        for (name, flip, swap_red_blue) in
            [("turn", true, false), ("swap bytes", false, true), ("turn and swap bytes", true, true)]
        {
            let finish = Finish { flip, swap_red_blue };
            group.bench_function(BenchmarkId::new(name, &size), |bencher| {
                bencher.iter(|| finish.run(&mut pixels, stride));
            });
        }
    }
    group.finish();
}

criterion_group!(benches, stages);
criterion_main!(benches);
