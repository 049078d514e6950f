#undef LTTNG_UST_TRACEPOINT_PROVIDER
#define LTTNG_UST_TRACEPOINT_PROVIDER zbench
#undef LTTNG_UST_TRACEPOINT_INCLUDE
#define LTTNG_UST_TRACEPOINT_INCLUDE "./tp.h"
#if !defined(ZBENCH_TP_H) || defined(LTTNG_UST_TRACEPOINT_HEADER_MULTI_READ)
#define ZBENCH_TP_H
#include <lttng/tracepoint.h>
#include <stdint.h>
LTTNG_UST_TRACEPOINT_EVENT(zbench, event48,
    LTTNG_UST_TP_ARGS(uint64_t, a, uint64_t, b, uint64_t, c, uint64_t, d, uint64_t, e, uint64_t, f),
    LTTNG_UST_TP_FIELDS(
        lttng_ust_field_integer(uint64_t, a, a)
        lttng_ust_field_integer(uint64_t, b, b)
        lttng_ust_field_integer(uint64_t, c, c)
        lttng_ust_field_integer(uint64_t, d, d)
        lttng_ust_field_integer(uint64_t, e, e)
        lttng_ust_field_integer(uint64_t, f, f)))
LTTNG_UST_TRACEPOINT_EVENT(zbench, packet,
    LTTNG_UST_TP_ARGS(uint32_t, interface, uint32_t, direction, const uint8_t *, data, uint16_t, len),
    LTTNG_UST_TP_FIELDS(
        lttng_ust_field_integer(uint32_t, interface, interface)
        lttng_ust_field_integer(uint32_t, direction, direction)
        lttng_ust_field_sequence(uint8_t, data, data, uint16_t, len)))
#endif
#include <lttng/tracepoint-event.h>
