using Amazon.S3;
using Amazon.S3.Model;
using Microsoft.Extensions.Logging;

namespace Pipeline.Lake;

/// <summary>Sends requests: each try has its time, what may pass is tried again after a random pause, and errors come out in the words of callers.</summary>
internal sealed class S3Requests(IAmazonS3 client, S3Options options, string location, TimeProvider time, ILogger logger) : IDisposable
{
    private const int FirstPauseMilliseconds = 50;
    private const int LongestPauseMilliseconds = 5_000;

    private readonly SemaphoreSlim _making = new(1, 1);
    private bool _made;

    public IAmazonS3 Client => client;

    public void Dispose() => _making.Dispose();

    /// <summary>Sends a request that may be repeated whatever became of an earlier try.</summary>
    public ValueTask<T> SendAsync<T>(string operation, string subject, Func<CancellationToken, Task<T>> request, CancellationToken cancellationToken) =>
        SendAsync(operation, subject, request, static (_, _, _) => default, cancellationToken);

    /// <summary>Sends a request, and lets the caller make something of a failure.</summary>
    /// <param name="operation">What it does, for messages.</param>
    /// <param name="subject">To what.</param>
    /// <param name="request">Sends it once, and reads all of the answer.</param>
    /// <param name="settle">
    /// Gets a failure, and whether an earlier try may have had its effect; gives the result to return in spite of it, or null.
    /// </param>
    /// <param name="cancellationToken">Cancels the work.</param>
    public async ValueTask<T> SendAsync<T>(
        string operation, string subject, Func<CancellationToken, Task<T>> request,
        Func<S3Failure, bool, CancellationToken, ValueTask<Settled<T>>> settle, CancellationToken cancellationToken)
    {
        var mayHaveHappened = false;
        for (var attempt = 1; ; attempt++)
        {
            S3Failure failure;
            Exception error;
            try
            {
                return await OnceAsync(request, cancellationToken);
            }
            catch (Exception e) when (IsOfRequest(e, cancellationToken))
            {
                (failure, error) = (S3Failure.Of(e), e);
            }

            if (await settle(failure, mayHaveHappened, cancellationToken) is { IsSettled: true } settled)
                return settled.Result;
            if (failure.Kind == S3FailureKind.NoBucket && options.CreateBucket && !_made)
            {
                await MakeBucketAsync(cancellationToken);
                continue;
            }

            if (!failure.MayPass || attempt >= options.MaxAttempts)
                throw failure.ToException(error, operation, subject, location);
            mayHaveHappened |= failure.Kind == S3FailureKind.Unknown;
            LakeTelemetry.Retries.Add(1);
            logger.RequestRetried(operation, subject, attempt, failure.Reason);
            await PauseAsync(attempt, cancellationToken);
        }
    }

    /// <summary>One try, with its time. For streams, which outlive it, see <see cref="S3ReadStream"/>.</summary>
    public async Task<T> OnceAsync<T>(Func<CancellationToken, Task<T>> request, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        using var late = new CancellationTokenSource(options.RequestTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellationToken);
        return await request(either.Token);
    }

    /// <summary>Waits a random time that grows with the attempts.</summary>
    public Task PauseAsync(int attempt, CancellationToken cancellationToken)
    {
        var limit = Math.Min(LongestPauseMilliseconds, FirstPauseMilliseconds << Math.Min(attempt, 10));
#pragma warning disable CA5394 // Spreads retries out; nothing secret depends on it.
        return Task.Delay(TimeSpan.FromMilliseconds(Random.Shared.Next(limit / 4, limit) + 1), time, cancellationToken);
#pragma warning restore CA5394
    }

    // And not the caller's wish to end, nor an error that is in the words of callers already.
    private static bool IsOfRequest(Exception error, CancellationToken cancellationToken) => error switch
    {
        OperationCanceledException => !cancellationToken.IsCancellationRequested,
        TransientException or TerminalException => false,
        _ => true,
    };

    private async ValueTask MakeBucketAsync(CancellationToken cancellationToken)
    {
        await _making.WaitAsync(cancellationToken);
        try
        {
            if (_made)
                return;
            var request = new PutBucketRequest { BucketName = options.Bucket, UseClientRegion = options.IsAws };
            await OnceAsync(token => client.PutBucketAsync(request, token), cancellationToken);
            logger.BucketMade(location);
            _made = true;
        }
        catch (AmazonS3Exception e) when (e.ErrorCode is "BucketAlreadyOwnedByYou" or "BucketAlreadyExists")
        {
            // Another process was first.
            _made = true;
        }
        catch (Exception e) when (IsOfRequest(e, cancellationToken))
        {
            throw S3Failure.Of(e).ToException(e, "Make the bucket", options.Bucket!, location);
        }
        finally
        {
            _making.Release();
        }
    }
}

/// <summary>What a caller made of a failure: a result, or nothing.</summary>
internal readonly record struct Settled<T>(bool IsSettled, T Result)
{
    public static Settled<T> As(T result) => new(true, result);
}
