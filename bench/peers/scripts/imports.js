/** What a script of one's own would load before it could do the work of Scopegate; serves without checking. */
import 'aws-jwt-verify'
import './http-proxy.js'
