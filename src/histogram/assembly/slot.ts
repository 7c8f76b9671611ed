// One slot, in bytes:
//
//     |<---------- 32768 ---------->|<- 512 ->|<------------------------------ 64 ------------------------------->|
//     | uint32 counts, of t & 8191  | cells   | f32x4 | uint32 | int32    | f32 | f32 | f64   | f64       | f64   |
//     | (that of t = 0 is not used) |         | scale | limit  | exponent | min | max | zeros | negatives | count |

export const SCALE: usize = 33280
export const LIMIT: usize = 33296
export const EXPONENT: usize = 33300
export const MIN: usize = 33304
export const MAX: usize = 33308
export const ZEROS: usize = 33312
export const NEGATIVES: usize = 33320
export const COUNT: usize = 33328
export const SLOT_BYTES: usize = 33344
