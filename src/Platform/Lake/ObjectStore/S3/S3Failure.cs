using System.Net;
using System.Net.Sockets;
using Amazon.Runtime;

namespace Pipeline.Lake;

/// <summary>What kind of answer a request got that failed.</summary>
internal enum S3FailureKind
{
    /// <summary>There is no such object.</summary>
    NotFound,

    /// <summary>There is no such bucket.</summary>
    NoBucket,

    /// <summary>There is no such upload in parts: it was completed or aborted.</summary>
    NoUpload,

    /// <summary>The condition of the request does not hold: the object is there.</summary>
    Exists,

    /// <summary>The range begins behind the object's end.</summary>
    OutOfRange,

    /// <summary>Refused for now, certainly without effect.</summary>
    Refused,

    /// <summary>Nobody knows whether it had an effect: the answer was lost, came too late or tells of a fault of the server.</summary>
    Unknown,

    /// <summary>The server does not know this request, or not this form of it.</summary>
    NotSupported,

    /// <summary>It will fail again.</summary>
    Terminal,
}

/// <summary>A failed request, judged.</summary>
internal readonly record struct S3Failure(S3FailureKind Kind, string Reason)
{
    public bool MayPass => Kind is S3FailureKind.Refused or S3FailureKind.Unknown;

    public static S3Failure Of(Exception error) => error switch
    {
        AmazonServiceException { StatusCode: not 0 } service => OfAnswer(service),
        _ when Find<OperationCanceledException>(error) is not null => new(S3FailureKind.Unknown, "there was no answer in time"),
        _ when Find<S3ConnectionException>(error) is { } connection => new(S3FailureKind.Unknown, connection.Message),
        _ when Find<SocketException>(error) is { } socket => new(S3FailureKind.Unknown, socket.Message),
        _ when Find<HttpRequestException>(error) is { } http => new(S3FailureKind.Unknown, http.Message),
        _ when Find<IOException>(error) is { } io => new(S3FailureKind.Unknown, io.Message),
        AmazonClientException client when client.Message.Contains("credentials", StringComparison.OrdinalIgnoreCase) => new(
            S3FailureKind.Terminal,
            $"no keys were found. Set {S3Options.Section}:AccessKey and SecretKey, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give the process a role."),
        _ => new(S3FailureKind.Unknown, error.Message),
    };

    /// <summary>The error that callers see.</summary>
    public Exception ToException(Exception cause, string operation, string subject, string location)
    {
        var message = $"{operation} '{subject}' in {location}: {Reason}";
        return Kind switch
        {
            S3FailureKind.NotFound => new ObjectNotFoundException($"{operation} '{subject}': there is no such object.", cause),
            S3FailureKind.NoBucket => new TerminalException(
                $"{operation} '{subject}': there is no bucket of {location}. Make it, or set {S3Options.Section}:{nameof(S3Options.CreateBucket)}.", cause),
            S3FailureKind.Refused or S3FailureKind.Unknown => new TransientException(message, cause),
            _ => new TerminalException(message, cause),
        };
    }

    private static S3Failure OfAnswer(AmazonServiceException e)
    {
        var status = (int)e.StatusCode;
        var answer = string.IsNullOrEmpty(e.ErrorCode) ? $"the server answers {status}" : $"the server answers {status} {e.ErrorCode}";
        switch (e.ErrorCode)
        {
            case "NoSuchBucket":
                return new(S3FailureKind.NoBucket, answer);
            case "NoSuchUpload":
                return new(S3FailureKind.NoUpload, answer);
            case "ConditionalRequestConflict" or "OperationAborted":
                return new(S3FailureKind.Refused, answer);
            case "RequestTimeout" or "IncompleteBody" or "BadDigest":
                return new(S3FailureKind.Unknown, answer);
            case "SlowDown" or "TooManyRequests" or "Throttling" or "ThrottlingException":
                return new(S3FailureKind.Refused, answer);
            case "RequestTimeTooSkewed":
                return new(S3FailureKind.Refused, $"{answer}: the clocks of this machine and of the server differ");
            case "ExpiredToken" or "TokenRefreshRequired":
                return new(S3FailureKind.Refused, $"{answer}: the session's token has expired");
            case "XAmzContentSHA256Mismatch":
                return new(S3FailureKind.Terminal, $"{answer}: set {S3Options.Section}:{nameof(S3Options.Checksums)} to {nameof(S3Checksums.WhenRequired)}");
            case "PermanentRedirect" or "AuthorizationHeaderMalformed" or "IllegalLocationConstraintException":
                return new(S3FailureKind.Terminal, $"{answer}: the bucket is in another region than {S3Options.Section}:{nameof(S3Options.Region)} says");
            case "NotImplemented" or "MissingContentMD5":
                return new(S3FailureKind.NotSupported, answer);
        }

        return e.StatusCode switch
        {
            HttpStatusCode.NotFound => new(S3FailureKind.NotFound, answer),
            HttpStatusCode.PreconditionFailed => new(S3FailureKind.Exists, answer),
            HttpStatusCode.RequestedRangeNotSatisfiable => new(S3FailureKind.OutOfRange, answer),
            HttpStatusCode.Conflict or HttpStatusCode.TooManyRequests => new(S3FailureKind.Refused, answer),
            HttpStatusCode.NotImplemented or HttpStatusCode.MethodNotAllowed => new(S3FailureKind.NotSupported, answer),
            HttpStatusCode.RequestTimeout => new(S3FailureKind.Unknown, answer),
            HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => new(
                S3FailureKind.Terminal, $"{answer}. Check the keys, and that they may read, write, list and delete there"),
            _ when status >= 500 => new(S3FailureKind.Unknown, answer),
            _ => new(S3FailureKind.Terminal, $"{answer}: {e.Message}"),
        };
    }

    private static T? Find<T>(Exception? error)
        where T : Exception
    {
        for (; error is not null; error = error.InnerException)
        {
            if (error is T found)
                return found;
        }

        return null;
    }
}
