using System.Net;
using System.Security.Cryptography;
using System.Text;
using Pipeline.DuckDb;
using Pipeline.Testing;

namespace Pipeline.Lake.Tests.S3;

/// <summary>What becomes of calls when the network or the server fails in the middle of them.</summary>
[Collection(GatewayCollection.Name)]
public sealed class S3FaultTests(RadosGateway gateway) : IDisposable
{
    private const int Part = 5 << 20;

    private readonly S3Lake _lake = new(gateway);
    private readonly FaultyNetwork _network = new();

    public static TheoryData<string> PassingFaults => ["503", "500", "429", "409", "break", "lost", "done but failed", "hang"];

    [SkippableTheory]
    [MemberData(nameof(PassingFaults))]
    public async Task PutIfAbsent_OneFault_IsTrueAndDoneOnce(string fault)
    {
        var store = await OpenAsync();
        _network.Next(FaultyNetwork.IsConditional, Fault(fault));
        Assert.True(await store.PutIfAbsentAsync(P("k"), "mine"u8.ToArray()));
        Assert.False(await store.PutIfAbsentAsync(P("k"), "other"u8.ToArray()));
        Assert.Equal("mine", await ReadAsync("k"));
    }

    [SkippableTheory]
    [MemberData(nameof(PassingFaults))]
    public async Task PutIfAbsent_OneFaultWhereAnotherWasFirst_IsFalse(string fault)
    {
        var store = await OpenAsync();
        await _lake.Open().PutAsync(P("k"), "theirs"u8.ToArray());
        _network.Next(FaultyNetwork.IsConditional, Fault(fault));
        Assert.False(await store.PutIfAbsentAsync(P("k"), "mine"u8.ToArray()));
        Assert.Equal("theirs", await ReadAsync("k"));
    }

    [SkippableFact]
    public async Task PutIfAbsent_SameContentFromAnotherAfterALostRequest_IsFalse()
    {
        var store = await OpenAsync();
        _network.Next(FaultyNetwork.IsConditional, async call =>
        {
            Assert.True(await _lake.Open().PutIfAbsentAsync(P("k"), "same"u8.ToArray()));
            return await FaultyNetwork.Break(call);
        });
        Assert.False(await store.PutIfAbsentAsync(P("k"), "same"u8.ToArray()));
    }

    [SkippableFact]
    public async Task PutIfAbsent_AnswersLostToTheEnd_IsTransientAndTheObjectIsThere()
    {
        var store = await OpenAsync(o => o.MaxAttempts = 1);
        _network.Always(FaultyNetwork.IsConditional, FaultyNetwork.LoseAnswer);
        await Assert.ThrowsAsync<TransientException>(async () => await store.PutIfAbsentAsync(P("k"), "mine"u8.ToArray()));
        Assert.Equal("mine", await ReadAsync("k"));
    }

    [SkippableFact]
    public async Task PutIfAbsent_DeletedAfterALostAnswer_IsUnknown()
    {
        var store = await OpenAsync();
        _network.Next(FaultyNetwork.IsConditional, FaultyNetwork.LoseAnswer);
        _network.Next(r => r.Method == HttpMethod.Head, FaultyNetwork.Answer(HttpStatusCode.NotFound, ""));
        var error = await Assert.ThrowsAsync<TransientException>(async () => await store.PutIfAbsentAsync(P("k"), "mine"u8.ToArray()));
        Assert.Contains("nobody knows", error.Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task PutIfAbsent_OfEveryTry_SendsOneRequestOfTheClient()
    {
        // The client itself must not repeat what the adapter counts.
        var store = await OpenAsync(o => o.MaxAttempts = 3);
        _network.Requests.Clear();
        _network.Always(FaultyNetwork.IsConditional, FaultyNetwork.Break);
        await Assert.ThrowsAsync<TransientException>(async () => await store.PutIfAbsentAsync(P("k"), "mine"u8.ToArray()));
        Assert.Equal(3, _network.Requests.Count);
    }

    [SkippableTheory]
    [MemberData(nameof(PassingFaults))]
    public async Task Calls_OneFaultEach_SucceedAllTheSame(string fault)
    {
        var store = await OpenAsync();
        async Task<T> FailOnceAsync<T>(Func<ValueTask<T>> call)
        {
            _network.Next(_ => true, Fault(fault));
            return await call();
        }

        Assert.Equal(0, await FailOnceAsync(async () =>
        {
            await store.PutAsync(P("a/k"), "content"u8.ToArray());
            return 0;
        }));
        Assert.Equal("content", Encoding.UTF8.GetString((await FailOnceAsync(() => store.TryReadAllAsync(P("a/k"))))!));
        Assert.Equal("ten", Encoding.UTF8.GetString(await FailOnceAsync(() => store.ReadRangeAsync(P("a/k"), 3, 3))));
        Assert.Equal(7, (await FailOnceAsync(() => store.HeadAsync(P("a/k"))))!.Value.Size);
        Assert.Equal("a/k", (await FailOnceAsync(() => store.ListAsync(P("a")).SingleAsync())).Path.Value);
        Assert.Equal("content", await File.ReadAllTextAsync(await FailOnceAsync(() => store.GetLocalPathAsync(P("a/k")))));
        Assert.Equal(0, await FailOnceAsync(async () =>
        {
            await store.DeleteAsync([P("a/k"), P("a/l")]);
            return 0;
        }));
        Assert.Null(await store.HeadAsync(P("a/k")));
    }

    [SkippableFact]
    public async Task Read_BodyIsCut_StartsOverOrGoesOn()
    {
        var content = RandomNumberGenerator.GetBytes(1 << 20);
        await _lake.Open().PutAsync(P("k"), content);
        var store = await OpenAsync();
        _network.Next(FaultyNetwork.IsGet, FaultyNetwork.CutBody(1_000));
        Assert.Equal(content, await store.TryReadAllAsync(P("k")));

        _network.Next(FaultyNetwork.IsGet, FaultyNetwork.CutBody(1_000));
        _network.Next(FaultyNetwork.IsGet, FaultyNetwork.CutBody(0));
        _network.Next(FaultyNetwork.IsGet, FaultyNetwork.CutBody(500_000));
        await using var stream = await store.OpenReadAsync(P("k"), 17);
        using var read = new MemoryStream();
        await stream.CopyToAsync(read);
        Assert.Equal(content[17..], read.ToArray());
    }

    [SkippableFact]
    public async Task Read_ReplacedWhileItIsRead_IsTransient()
    {
        await _lake.Open().PutAsync(P("k"), new byte[1 << 20]);
        var store = await OpenAsync();
        _network.Next(FaultyNetwork.IsGet, FaultyNetwork.CutBody(1_000));
        await using var stream = await store.OpenReadAsync(P("k"));
        await _lake.Open().PutAsync(P("k"), new byte[(1 << 20) + 1]);
        await Assert.ThrowsAsync<TransientException>(async () => await stream.CopyToAsync(Stream.Null));
    }

    [SkippableFact]
    public async Task GetLocalPath_BodyIsCutForGood_LeavesNoHalfFile()
    {
        var content = RandomNumberGenerator.GetBytes(1 << 20);
        await _lake.Open().PutAsync(P("k"), content);
        var store = await OpenAsync(o => o.MaxAttempts = 2);
        _network.Next(FaultyNetwork.IsGet, FaultyNetwork.CutBody(1_000));
        _network.Next(FaultyNetwork.IsGet, FaultyNetwork.CutBody(500_000));
        await Assert.ThrowsAsync<TransientException>(async () => await store.GetLocalPathAsync(P("k")));
        Assert.Empty(Directory.EnumerateFiles(store.LocalFolder, "*", SearchOption.AllDirectories));
        Assert.Equal(content, await File.ReadAllBytesAsync(await store.GetLocalPathAsync(P("k"))));
    }

    [SkippableTheory]
    [InlineData("503")]
    [InlineData("break")]
    [InlineData("lost")]
    [InlineData("done but failed")]
    public async Task Upload_AFaultInEachStepOfAnUploadInParts_IsWhole(string fault)
    {
        var content = RandomNumberGenerator.GetBytes((2 * Part) + 99);
        var store = await OpenAsync(o => o.PartBytes = Part);
        _network.Next(r => r.Method == HttpMethod.Post && r.RequestUri!.Query.StartsWith("?uploads", StringComparison.Ordinal), Fault(fault));
        _network.Next(r => r.RequestUri!.Query.Contains("partNumber=2", StringComparison.Ordinal), Fault(fault));
        _network.Next(r => r.Method == HttpMethod.Post && r.RequestUri!.Query.StartsWith("?uploadId", StringComparison.Ordinal), Fault(fault));
        await store.UploadFileAsync(await StageAsync(store, content), P("k"));
        Assert.Equal(content, await _lake.Open().TryReadAllAsync(P("k")));
    }

    [SkippableFact]
    public async Task Upload_OnePartFailsForGood_IsAborted()
    {
        var store = await OpenAsync(o => (o.PartBytes, o.MaxAttempts) = (Part, 2));
        _network.Always(r => r.RequestUri!.Query.Contains("partNumber=2", StringComparison.Ordinal), Fault("500"));
        var file = await StageAsync(store, new byte[3 * Part]);
        await Assert.ThrowsAsync<TransientException>(async () => await store.UploadFileAsync(file, P("k")));
        Assert.Contains(_network.Requests, r => r.StartsWith("DELETE", StringComparison.Ordinal));
        Assert.Null(await _lake.Open().HeadAsync(P("k")));
        Assert.True(File.Exists(file));
    }

    [SkippableFact]
    public async Task Delete_ServerWithoutBatches_DeletesOneByOne()
    {
        var store = await OpenAsync();
        foreach (var name in (string[])["a", "b", "c"])
            await store.PutAsync(P(name), new byte[1]);
        _network.Always(r => r.Method == HttpMethod.Post, FaultyNetwork.Answer(HttpStatusCode.NotImplemented, "NotImplemented"));
        await store.DeleteAsync([P("a"), P("b"), P("d")]);
        Assert.Equal("c", (await _lake.Open().ListAsync(ObjectPath.Root).SingleAsync()).Path.Value);
    }

    [SkippableFact]
    public async Task Delete_ErrorsInTheBody_AreTriedAgainOrSaid()
    {
        var store = await OpenAsync();
        await store.PutAsync(P("a"), new byte[1]);
        _network.Next(r => r.Method == HttpMethod.Post, DeleteErrors("InternalError"));
        await store.DeleteAsync([P("a"), P("b")]);
        Assert.Null(await _lake.Open().HeadAsync(P("a")));

        _network.Next(r => r.Method == HttpMethod.Post, DeleteErrors("AccessDenied"));
        await Assert.ThrowsAsync<TerminalException>(async () => await store.DeleteAsync([P("a"), P("b")]));
    }

    [SkippableTheory]
    [InlineData(HttpStatusCode.Moved, "PermanentRedirect", "region")]
    [InlineData(HttpStatusCode.BadRequest, "AuthorizationHeaderMalformed", "region")]
    [InlineData(HttpStatusCode.BadRequest, "XAmzContentSHA256Mismatch", "WhenRequired")]
    [InlineData(HttpStatusCode.Forbidden, "AccessDenied", "Check the keys")]
    [InlineData(HttpStatusCode.BadRequest, "InvalidArgument", "InvalidArgument")]
    public async Task Answers_ThatRepeat_AreTerminalAndSaidOnce(HttpStatusCode status, string code, string said)
    {
        var store = await OpenAsync();
        _network.Requests.Clear();
        _network.Always(_ => true, FaultyNetwork.Answer(status, code));
        var error = await Assert.ThrowsAsync<TerminalException>(async () => await store.PutAsync(P("k"), new byte[1]));
        Assert.Contains(said, error.Message, StringComparison.Ordinal);
        Assert.Single(_network.Requests);
    }

    [SkippableFact]
    public async Task Cancel_WhileTheServerHangs_EndsAtOnce()
    {
        var store = await OpenAsync(o => o.RequestTimeout = TimeSpan.FromHours(1));
        _network.Always(_ => true, FaultyNetwork.Hang);
        using var cancel = new CancellationTokenSource();
        var reading = store.TryReadAllAsync(P("k"), cancel.Token).AsTask();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading);
    }

    [SkippableFact]
    public async Task Commits_AnswersOfWritersGetLost_EachRowIsThereOnce()
    {
        using (var setup = Lakes.Open(_lake.Open()))
        {
            await setup.Table("t").CreateIfNotExistsAsync(new DeltaTableDefinition { Schema = new DeltaSchema(new DeltaField("id", DeltaType.Long)) });
        }

        string[] faults = ["lost", "done but failed", "503", "break", "409"];
        await Task.WhenAll(Enumerable.Range(0, 3).Select(writer => Task.Run(async () =>
        {
            var network = new FaultyNetwork();
            var seed = writer;
            network.Always(FaultyNetwork.IsConditional, call => (seed = ((seed * 1_103_515_245) + 12_345) & 0x7fffffff) % 3 == 0
                ? Fault(faults[seed % faults.Length])(call)
                : call.Send());
            using var database = DuckDatabase.Open(new DuckOptions { Threads = 1 });
            using var connection = database.Connect();
            using var lake = Lakes.Open(_lake.Open(network, o => o.MaxAttempts = 20));
            for (var i = 0; i < 8; i++)
            {
                var result = await lake.Table("t").AppendAsync(
                    connection, $"SELECT {(writer * 100) + i} AS id", null, new DeltaTransaction($"w{writer}", i == 0 ? null : i - 1, i));
                Assert.True(result.Committed);
            }
        })));

        using var reader = Lakes.Open(_lake.Open());
        var snapshot = await reader.Table("t").SnapshotAsync();
        Assert.Equal((24, 24), (snapshot.Version, snapshot.RowCount));
        Assert.Equal([7, 7, 7], snapshot.Transactions.Values);
    }

    public void Dispose() => _lake.Dispose();

    private static ObjectPath P(string path) => ObjectPath.Parse(path);

    private static Func<FaultyNetwork.Call, Task<HttpResponseMessage>> Fault(string name) => name switch
    {
        "503" => FaultyNetwork.Answer(HttpStatusCode.ServiceUnavailable, "SlowDown"),
        "500" => FaultyNetwork.Answer(HttpStatusCode.InternalServerError, "InternalError"),
        "429" => FaultyNetwork.Answer(HttpStatusCode.TooManyRequests, "TooManyRequests"),
        "409" => FaultyNetwork.Answer(HttpStatusCode.Conflict, "ConditionalRequestConflict"),
        "break" => FaultyNetwork.Break,
        "lost" => FaultyNetwork.LoseAnswer,
        "done but failed" => FaultyNetwork.DoAndFail,
        _ => FaultyNetwork.Hang,
    };

    private Func<FaultyNetwork.Call, Task<HttpResponseMessage>> DeleteErrors(string code) => async call =>
    {
        var response = await FaultyNetwork.Answer(HttpStatusCode.OK, "none")(call);
        response.Content = new StringContent($"<DeleteResult><Error><Key>{_lake.Options.Prefix}/a</Key><Code>{code}</Code></Error></DeleteResult>");
        return response;
    };

    private static async Task<string> StageAsync(S3ObjectStore store, byte[] content)
    {
        var file = store.NewStagingPath(".bin");
        await File.WriteAllBytesAsync(file, content);
        return file;
    }

    // The server has shown already that it knows conditions, so what is counted is the call's own.
    private async Task<S3ObjectStore> OpenAsync(Action<S3Options>? change = null)
    {
        var store = _lake.Open(_network, o =>
        {
            (o.RequestTimeout, o.MaxAttempts) = (TimeSpan.FromSeconds(1), 6);
            change?.Invoke(o);
        });
        await store.PutIfAbsentAsync(P($"first/{Guid.NewGuid()}"), new byte[1]);
        await _lake.Open().DeleteAsync([.. (await _lake.Open().ListAsync(P("first")).ToListAsync()).Select(i => i.Path)]);
        return store;
    }

    private async Task<string> ReadAsync(string path) => Encoding.UTF8.GetString((await _lake.Open().TryReadAllAsync(P(path)))!);
}
