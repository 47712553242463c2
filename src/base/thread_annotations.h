#pragma once

// Clang's thread-safety attributes (checked by the `clang` preset); nothing elsewhere.
#if defined(__clang__)
#define PANO_THREAD_ATTRIBUTE(x) __attribute__((x))
#else
#define PANO_THREAD_ATTRIBUTE(x)
#endif

#define PANO_CAPABILITY(x) PANO_THREAD_ATTRIBUTE(capability(x))
#define PANO_SCOPED_CAPABILITY PANO_THREAD_ATTRIBUTE(scoped_lockable)
#define PANO_GUARDED_BY(x) PANO_THREAD_ATTRIBUTE(guarded_by(x))
#define PANO_REQUIRES(...) PANO_THREAD_ATTRIBUTE(requires_capability(__VA_ARGS__))
#define PANO_ACQUIRE(...) PANO_THREAD_ATTRIBUTE(acquire_capability(__VA_ARGS__))
#define PANO_RELEASE(...) PANO_THREAD_ATTRIBUTE(release_capability(__VA_ARGS__))
#define PANO_TRY_ACQUIRE(...) PANO_THREAD_ATTRIBUTE(try_acquire_capability(__VA_ARGS__))
#define PANO_EXCLUDES(...) PANO_THREAD_ATTRIBUTE(locks_excluded(__VA_ARGS__))
#define PANO_NO_THREAD_ANALYSIS PANO_THREAD_ATTRIBUTE(no_thread_safety_analysis)
