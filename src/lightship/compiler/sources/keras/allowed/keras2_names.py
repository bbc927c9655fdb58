"""Classes and TensorFlow functions that a Keras 2 model may contain.

They are those that tf_keras 2.21 serialises beyond Keras 3's, and the functions that its layers call by name. Omitted,
because their configurations contain code or name files: ``Lambda``, ``ResidualWrapper`` and ``DropoutWrapper``
(marshalled functions), ``DenseFeatures`` (feature columns with vocabulary files), and every function of TensorFlow that
takes a function, prints, reads files, keeps state or loads a library.
"""

from __future__ import annotations

from collections.abc import Mapping


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Classes by the module of tf_keras, as in names.AREAS.
AREAS: Mapping[str, frozenset[str]] = {
    "layers": _names(
        """
        AddLoss AddMetric BatchNormalizationV1 BatchNormalizationV2 ClassMethod CuDNNGRU CuDNNLSTM GRUCellV1
        GRUCellV2 GRUV1 GRUV2 InstanceMethod InstanceProperty LSTMCellV1 LSTMCellV2 LSTMV1 LSTMV2
        LocallyConnected1D LocallyConnected2D RandomFourierFeatures RandomHeight RandomWidth SlicingOpLambda
        SyncBatchNormalization TFOpLambda ThresholdedReLU
        """
    ),
    "engine": _names("InputLayer TensorFlowOpLayer"),
    "initializers": _names(
        """
        ConstantV2 GlorotNormalV2 GlorotUniformV2 HeNormalV2 HeUniformV2 IdentityV2 LecunNormalV2 LecunUniformV2
        OnesV2 OrthogonalV2 RandomNormalV2 RandomUniformV2 TruncatedNormalV2 VarianceScalingV2 ZerosV2
        glorot_normalV2 glorot_uniformV2 he_normalV2 he_uniformV2 lecun_normalV2 lecun_uniformV2 normal one uniform
        zero
        """
    ),
    "constraints": _names("RadialConstraint maxnorm nonneg radial_constraint unitnorm"),
    "metrics": _names("MeanRelativeError MeanTensor"),
    "mixed_precision": _names("Policy PolicyV1"),
}

# Functions of TensorFlow by module; "" is ``tf``. TFOpLambda layers call them by name.
SYMBOLS: Mapping[str, frozenset[str]] = {
    "": _names(
        """
        abs acos acosh add add_n approx_top_k argmax argmin argsort as_string asin asinh atan atan2 atanh
        batch_to_space bitcast boolean_mask broadcast_dynamic_shape broadcast_static_shape broadcast_to cast
        clip_by_global_norm clip_by_norm clip_by_value complex concat constant convert_to_tensor cos cosh cumsum
        divide dynamic_partition dynamic_stitch edit_distance eig eigvals einsum ensure_shape equal exp
        expand_dims extract_volume_patches eye fill fingerprint floor gather gather_nd greater greater_equal
        guarantee_const histogram_fixed_width histogram_fixed_width_bins identity identity_n less less_equal
        linspace logical_and logical_not logical_or matmul matrix_square_root maximum meshgrid minimum multiply
        negative norm not_equal one_hot ones ones_like pad parallel_stack pow random_index_shuffle range rank
        realdiv reduce_all reduce_any reduce_logsumexp reduce_max reduce_mean reduce_min reduce_prod reduce_sum
        repeat reshape reverse reverse_sequence roll round saturate_cast scalar_mul scatter_nd searchsorted
        sequence_mask shape shape_n sigmoid sign sin sinh size slice sort space_to_batch space_to_batch_nd split
        sqrt square squeeze stack stop_gradient strided_slice subtract tan tanh tensor_scatter_nd_add
        tensor_scatter_nd_max tensor_scatter_nd_min tensor_scatter_nd_sub tensor_scatter_nd_update tensordot
        tile to_double to_float to_int32 to_int64 transpose truediv truncatediv truncatemod unique
        unique_with_counts unravel_index unstack where zeros zeros_like
        """
    ),
    "__operators__": _names("add eq getitem ne ragged_getitem"),
    "bitwise": _names("bitwise_and bitwise_or bitwise_xor invert left_shift right_shift"),
    "dtypes": _names("cast complex saturate_cast"),
    "image": _names(
        """
        adjust_brightness adjust_contrast adjust_gamma adjust_hue adjust_jpeg_quality adjust_saturation
        central_crop combined_non_max_suppression convert_image_dtype crop_and_resize crop_to_bounding_box
        decode_and_crop_jpeg decode_bmp decode_gif decode_image decode_jpeg decode_png draw_bounding_boxes
        encode_jpeg encode_png extract_glimpse extract_jpeg_shape extract_patches flip_left_right flip_up_down
        generate_bounding_box_proposals grayscale_to_rgb hsv_to_rgb image_gradients is_jpeg non_max_suppression
        non_max_suppression_overlaps non_max_suppression_padded non_max_suppression_with_scores
        pad_to_bounding_box per_image_standardization psnr random_brightness random_contrast random_crop
        random_flip_left_right random_flip_up_down random_hue random_jpeg_quality random_saturation resize
        resize_bicubic resize_bilinear resize_images resize_nearest_neighbor resize_with_crop_or_pad
        resize_with_pad rgb_to_grayscale rgb_to_hsv rgb_to_yiq rgb_to_yuv rot90 sample_distorted_bounding_box
        sobel_edges ssim ssim_multiscale stateless_random_brightness stateless_random_contrast
        stateless_random_crop stateless_random_flip_left_right stateless_random_flip_up_down
        stateless_random_hue stateless_random_jpeg_quality stateless_random_saturation
        stateless_sample_distorted_bounding_box total_variation transpose yiq_to_rgb yuv_to_rgb
        """
    ),
    "linalg": _names(
        """
        adjoint band_part banded_triangular_solve cholesky cholesky_solve cross det diag diag_part eig eigh
        eigh_tridiagonal eigvals eigvalsh einsum expm eye global_norm inv l2_normalize logdet logm lstsq lu
        lu_matrix_inverse lu_reconstruct lu_solve matmul matrix_rank matrix_transpose matvec norm normalize pinv
        qr set_diag slogdet solve sqrtm svd tensor_diag tensor_diag_part tensordot trace transpose
        triangular_solve tridiagonal_matmul tridiagonal_solve
        """
    ),
    "math": _names(
        """
        abs accumulate_n acos acosh add add_n angle approx_max_k approx_min_k argmax argmin asin asinh atan
        atan2 atanh bessel_i0 bessel_i0e bessel_i1 bessel_i1e betainc bincount ceil confusion_matrix conj cos
        cosh count_nonzero cumprod cumsum cumulative_logsumexp digamma divide divide_no_nan equal erf erfc
        erfcinv erfinv exp expm1 floor floordiv floormod greater greater_equal igamma igammac imag in_top_k
        invert_permutation is_finite is_inf is_nan is_non_decreasing is_strictly_increasing l2_normalize lbeta
        less less_equal lgamma log log1p log_sigmoid log_softmax logical_and logical_not logical_or logical_xor
        maximum minimum mod multiply multiply_no_nan ndtri negative nextafter not_equal polygamma polyval pow
        real reciprocal reciprocal_no_nan reduce_all reduce_any reduce_euclidean_norm reduce_logsumexp
        reduce_max reduce_mean reduce_min reduce_prod reduce_std reduce_sum reduce_variance rint round rsqrt
        scalar_mul segment_max segment_mean segment_min segment_prod segment_sum sigmoid sign sin sinh
        sobol_sample softmax softplus softsign sqrt square squared_difference subtract tan tanh top_k truediv
        unsorted_segment_max unsorted_segment_mean unsorted_segment_min unsorted_segment_prod
        unsorted_segment_sqrt_n unsorted_segment_sum xdivy xlog1py xlogy zero_fraction zeta
        """
    ),
    "nn": _names(
        """
        approx_max_k approx_min_k atrous_conv2d atrous_conv2d_transpose avg_pool avg_pool1d avg_pool2d
        avg_pool3d batch_norm_with_global_normalization batch_normalization bias_add collapse_repeated conv1d
        conv1d_transpose conv2d conv2d_transpose conv3d conv3d_transpose conv_transpose convolution crelu
        ctc_beam_search_decoder ctc_greedy_decoder depth_to_space depthwise_conv2d dilation2d dropout elu
        embedding_lookup embedding_lookup_sparse erosion2d fractional_avg_pool fractional_max_pool gelu in_top_k
        isotonic_regression l2_loss l2_normalize leaky_relu local_response_normalization log_softmax lrn
        max_pool max_pool1d max_pool2d max_pool3d max_pool_with_argmax moments normalize_moments pool relu relu6
        safe_embedding_lookup_sparse selu separable_conv2d sigmoid sigmoid_cross_entropy_with_logits silu
        softmax softmax_cross_entropy_with_logits softplus softsign space_to_batch space_to_depth
        sparse_softmax_cross_entropy_with_logits sufficient_statistics swish tanh top_k
        weighted_cross_entropy_with_logits weighted_moments zero_fraction
        """
    ),
    "quantization": _names(
        """
        dequantize fake_quant_with_min_max_args fake_quant_with_min_max_vars
        fake_quant_with_min_max_vars_per_channel quantize quantize_and_dequantize quantize_and_dequantize_v2
        quantized_concat
        """
    ),
    "ragged": _names(
        """
        boolean_mask constant cross cross_hashed range row_splits_to_segment_ids segment_ids_to_row_splits stack
        stack_dynamic_partitions
        """
    ),
    "random": _names(
        """
        categorical fold_in gamma normal poisson shuffle split stateless_binomial stateless_categorical
        stateless_gamma stateless_normal stateless_parameterized_truncated_normal stateless_poisson
        stateless_truncated_normal stateless_uniform truncated_normal uniform
        """
    ),
    "sets": _names("difference intersection size union"),
    "signal": _names(
        """
        dct fft fft2d fft3d fftnd fftshift frame hamming_window hann_window idct ifft ifft2d ifft3d ifftnd
        ifftshift inverse_mdct inverse_stft irfft irfft2d irfft3d irfftnd kaiser_bessel_derived_window
        kaiser_window linear_to_mel_weight_matrix mdct mfccs_from_log_mel_spectrograms overlap_and_add rfft
        rfft2d rfft3d rfftnd stft vorbis_window
        """
    ),
    "sparse": _names(
        """
        add bincount concat cross cross_hashed expand_dims eye fill_empty_rows from_dense mask maximum minimum
        reduce_max reduce_sum reorder reset_shape reshape retain segment_mean segment_sqrt_n segment_sum slice
        softmax sparse_dense_matmul split to_dense to_indicator transpose
        """
    ),
    "strings": _names(
        """
        as_string bytes_split join length lower ngrams reduce_join regex_full_match regex_replace split strip
        substr to_hash_bucket to_hash_bucket_fast to_hash_bucket_strong to_number unicode_decode
        unicode_decode_with_offsets unicode_encode unicode_script unicode_split unicode_split_with_offsets
        unicode_transcode unsorted_segment_join upper
        """
    ),
}
# Methods and properties of ragged and sparse tensors that layers may call by name.
CLASSES = _names("RaggedTensor SparseTensor sparse.SparseTensor")
METHODS = _names(
    """
    bounding_shape consumers from_nested_row_lengths from_nested_row_splits from_row_lengths from_row_limits
    from_row_splits from_row_starts from_sparse from_tensor from_uniform_row_length from_value_rowids merge_dims
    nested_row_lengths nested_value_rowids nrows row_lengths row_limits row_starts to_sparse to_tensor
    value_rowids with_flat_values with_row_splits_dtype with_values
    """
)
PROPERTIES = _names(
    """
    dense_shape dtype flat_values indices nested_row_splits ragged_rank row_splits shape uniform_row_length
    values
    """
)


def pure(symbol: str) -> bool:
    """Return whether a TensorFlow function is on the list and so only computes.

    ``symbol`` is its public name without ``tf.``.
    """
    module, _, name = symbol.removeprefix("compat.v1.").rpartition(".")
    return name in SYMBOLS.get(module, frozenset())
