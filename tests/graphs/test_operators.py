"""Lists of operators: complete for TensorFlow's registry, none dangerous allowed."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from lightship import graphs
from lightship.graphs import operators


def _names(text: str) -> list[str]:
    return text.split()


# Written by hand, independently of the lists: operators that access files, network, processes, Python, other models or
# memory by address. TensorFlow's attributes do not show this (ReadFile, MatchingFiles and Abort are registered as
# stateless).
DANGEROUS = [
    # files
    *_names(
        """
        ReadFile WriteFile MatchingFiles Save SaveSlices SaveV2 Restore RestoreSlice RestoreV2 MergeV2Checkpoints
        ShardedFilename ShardedFilespec DistributedSave DTensorRestoreV2 CalibrationStatisticsSaver
        LoadAndRemapMatrix GenerateVocabRemapping InitializeTableFromTextFile InitializeTableFromTextFileV2
        RecordInput Skipgram FixedUnigramCandidateSampler DecodeProtoV2 EncodeProto FileSystemSetConfiguration
        WholeFileReader WholeFileReaderV2 TextLineReader TextLineReaderV2 FixedLengthRecordReader
        FixedLengthRecordReaderV2 TFRecordReader TFRecordReaderV2 LMDBReader IdentityReader IdentityReaderV2
        ReaderRead ReaderReadV2 ReaderReadUpTo ReaderReadUpToV2
        """
    ),
    # pipelines that read or write files
    *_names(
        """
        TextLineDataset TFRecordDataset TFRecordDatasetV2 FixedLengthRecordDataset FixedLengthRecordDatasetV2
        CSVDataset CSVDatasetV2 SqlDataset LMDBDataset MatchingFilesDataset SaveDataset SaveDatasetV2 LoadDataset
        SnapshotDataset SnapshotDatasetV2 SnapshotChunkDataset ListSnapshotChunksDataset SnapshotDatasetReader
        SnapshotNestedDatasetReader CacheDataset CacheDatasetV2 DatasetToTFRecord ExperimentalCSVDataset
        ExperimentalSqlDataset ExperimentalLMDBDataset ExperimentalMatchingFilesDataset
        ExperimentalDatasetToTFRecord GeneratorDataset DatasetFromGraph OneShotIterator
        """
    ),
    # tensors written to files and addresses
    *_names(
        """
        DumpTensor Copy CopyHost DebugIdentity DebugIdentityV2 DebugIdentityV3 DebugNanCount DebugNumericSummary
        DebugNumericSummaryV2 SummaryWriter CreateSummaryFileWriter CreateSummaryDbWriter WriteSummary
        WriteScalarSummary WriteHistogramSummary WriteImageSummary WriteAudioSummary WriteGraphSummary
        WriteRawProtoSummary ImportEvent FlushSummaryWriter CloseSummaryWriter StatsAggregatorSetSummaryWriter
        """
    ),
    # Python
    *_names(
        """
        PyFunc PyFuncStateless EagerPyFunc
        """
    ),
    # processes
    *_names(
        """
        Abort SleepOp SleepIdentityOp SleepDataset ExperimentalSleepDataset WorkerHeartbeat
        """
    ),
    # network and other devices
    *_names(
        """
        RpcClient RpcCall RpcServer RpcServerStart RpcServerRegister RpcGetValue RpcCheckStatus RemoteCall Send Recv
        _Send _Recv _HostSend _HostRecv CollectiveReduce CollectiveReduceV2 CollectiveReduceV3 CollectiveGather
        CollectiveGatherV2 CollectiveBcastSend CollectiveBcastSendV2 CollectiveBcastRecv CollectiveBcastRecvV2
        CollectiveAllToAllV2 CollectiveAllToAllV3 CollectiveReduceScatterV2 CollectivePermute
        CollectiveInitializeCommunicator CollectiveAssignGroupV2 NcclAllReduce NcclReduce NcclBroadcast
        DataServiceDataset DataServiceDatasetV2 DataServiceDatasetV3 DataServiceDatasetV4 RegisterDataset
        RegisterDatasetV2 ConfigureDistributedTPU ShutdownDistributedTPU ShutdownTPUSystem ConfigureTPUEmbedding
        InfeedEnqueue OutfeedDequeue LoadTPUEmbeddingADAMParameters RetrieveTPUEmbeddingADAMParameters XlaSend
        XlaRecv XlaSendToHost XlaRecvFromHost XlaHostCompute _XlaHostComputeMlir _XlaSendFromHost _XlaRecvAtHost
        """
    ),
    # programs of their own
    *_names(
        """
        XlaLaunch XlaLaunchV2 XlaCallModule XlaCustomCall XlaCustomCallV2 _XlaCompile _XlaRun TPUCompile TPUExecute
        TPUPartitionedCall MlirPassthroughOp
        """
    ),
    # memory and resources by address or name
    *_names(
        """
        ImmutableConst GetSessionHandle GetSessionHandleV2 GetSessionTensor DeleteSessionTensor TemporaryVariable
        IteratorFromStringHandle IteratorFromStringHandleV2 IteratorToStringHandle DeserializeIterator
        SerializeIterator MultiDeviceIteratorFromStringHandle Empty InplaceUpdate InplaceAdd InplaceSub NegTrain
        """
    ),
    # resources shared with other calls and models
    *_names(
        """
        Stage Unstage StagePeek MapStage MapUnstage OrderedMapStage OrderedMapUnstage FIFOQueue FIFOQueueV2
        QueueDequeue QueueDequeueV2 QueueEnqueueV2 Barrier BarrierTakeMany Batch Unbatch BatchFunction MutexV2
        MutexLock AddSparseToTensorsMap TakeManySparseFromTensorsMap
        """
    ),
]


@pytest.mark.parametrize("operator", DANGEROUS)
def test_allowed_dangerous_operator_is_absent(operator: str) -> None:
    assert operator not in operators.allowed()
    assert operators.refused().get(operator) in operators.REASONS


def test_allowed_internal_operators_are_absent() -> None:
    assert not [name for name in operators.allowed() if name.startswith("_")]


def test_lists_every_operator_of_tensorflow_is_reviewed(hostile: Path) -> None:
    """Fail on unreviewed operators of a new TensorFlow.

    Review each new operator, then add it to one of the lists.
    """
    registered = set(json.loads((hostile / "operators.json").read_text()))
    assert sorted(registered - operators.allowed() - operators.refused().keys()) == []
    assert set(DANGEROUS) <= registered, "a name of the list above is misspelt"


@pytest.mark.parametrize("name", ["seen", "reviewed"])
def test_list_has_one_operator_per_line_sorted(name: str) -> None:
    lines = _entries(name)
    assert lines == sorted(set(lines))
    assert all(re.fullmatch(r"\w+", line) for line in lines)


def test_refused_list_has_defined_reason_per_operator() -> None:
    lines = _entries("refused")
    assert len(lines) == len(set(lines)) == len(operators.refused())
    assert {line.split(" ")[1] for line in lines} <= operators.REASONS.keys()


def test_lists_overlap_only_for_savers_and_files() -> None:
    seen, reviewed = set(_entries("seen")), set(_entries("reviewed"))
    assert not seen & reviewed
    assert not reviewed & operators.refused().keys()
    assert {operators.refused().get(name) for name in seen & operators.refused().keys()} <= {"saver", "files"}


def test_reason_of_unlisted_operator_is_unreviewed_or_unknown() -> None:
    assert operators.reason("FromTheFuture", registered=True) == "unreviewed"
    assert operators.reason("FromTheFuture", registered=False) == "unknown"
    assert operators.reason("MatMul", registered=True) is None


def test_flex_findings_follow_same_lists() -> None:
    customs = ["FlexReadFile", "FlexMatrixDeterminant", "TFLite_Detection_PostProcess", "ReadFile", "FlexFlexAbort"]
    assert graphs.flex_findings(customs) == (("unreviewed", "FlexAbort"), ("files", "ReadFile"))


def _entries(name: str) -> list[str]:
    text = Path(operators.__file__).with_name(f"{name}.txt").read_text()
    return [line for line in text.splitlines() if line and not line.startswith("#")]
