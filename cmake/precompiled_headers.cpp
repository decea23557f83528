// SPDX-License-Identifier: BSD-3-Clause
// Nothing: a target that others take precompiled headers from needs a source.
